"""REFRESH, REINDEX, CLUSTER, VACUUM, ANALYZE."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import (
    Fact,
    Maintains,
    NeedsNoTransaction,
    RefreshesView,
    Reindexes,
    RelationKind,
    Unknown,
    Work,
)
from migrations_lint.parse.nodes import boolean_option, inner, word


@derives("refresh_mat_view_stmt")
def refresh(node: Any, scene: Scene) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on the view while it is filled anew; CONCURRENTLY takes EXCLUSIVE and compares its rows."""
    relation = scene.relation(node.relation)
    mode = LockMode.EXCLUSIVE if node.concurrent else LockMode.ACCESS_EXCLUSIVE
    yield scene.lock(relation, mode, Work.SCAN if node.concurrent else Work.REWRITE)
    view = scene.table(relation)
    for read in view.reads if view and not node.skip_data else ():
        yield from scene.lock_family(read, LockMode.ACCESS_SHARE, Work.SCAN)
    yield RefreshesView(relation, node.concurrent, not node.skip_data)


@derives("reindex_stmt")
def reindex(node: Any, scene: Scene) -> Iterator[Fact]:
    """SHARE on the table and ACCESS EXCLUSIVE on each index; CONCURRENTLY takes SHARE UPDATE EXCLUSIVE."""
    concurrently = boolean_option(node.params, "concurrently")
    scope = word(node, "kind").removeprefix("REINDEX_OBJECT_")
    if concurrently:
        yield NeedsNoTransaction("REINDEX CONCURRENTLY")
    mode = LockMode.SHARE_UPDATE_EXCLUSIVE if concurrently else LockMode.SHARE
    relation = scene.relation(node.relation) if node.HasField("relation") else None
    if scope == "TABLE" and relation is not None:
        table = scene.table(relation)
        work = Work.INSTANT if table is not None and not table.indexes else Work.INDEX_BUILD
        yield from scene.lock_partitions(relation, mode, work)
    elif scope == "INDEX" and relation is not None and (table := scene.schema.table_of_index(relation)):
        yield from scene.lock_partitions(table.relation, mode, Work.INDEX_BUILD)
    else:
        yield Unknown("which tables this REINDEX goes through is not known")
    yield Reindexes(scope, scene.spelled(relation) if relation is not None else node.name, concurrently)


@derives("cluster_stmt")
def cluster(node: Any, scene: Scene) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE and a rewrite."""
    if node.HasField("relation"):
        relation = scene.relation(node.relation)
        table = scene.table(relation)
        if table is not None and table.kind is RelationKind.PARTITIONED_TABLE:  # PostgreSQL 15
            yield NeedsNoTransaction("CLUSTER of a partitioned table")
        yield from scene.lock_partitions(relation, LockMode.ACCESS_EXCLUSIVE, Work.REWRITE)
        yield Maintains("CLUSTER", relation)
    else:
        yield NeedsNoTransaction("CLUSTER without a table")
        yield Unknown("CLUSTER without a table goes through every clustered table")
        yield Maintains("CLUSTER", None)


@derives("vacuum_stmt")
def vacuum(node: Any, scene: Scene) -> Iterator[Fact]:
    """VACUUM and ANALYZE take SHARE UPDATE EXCLUSIVE; VACUUM FULL takes ACCESS EXCLUSIVE and rewrites."""
    full = node.is_vacuumcmd and boolean_option(node.options, "full")
    command = "VACUUM FULL" if full else "VACUUM" if node.is_vacuumcmd else "ANALYZE"
    if node.is_vacuumcmd:
        yield NeedsNoTransaction("VACUUM")
    if not node.rels:
        yield Unknown("without a table it goes through all of them")
        yield Maintains(command, None)
    for relation in (scene.relation(inner(rel).relation) for rel in node.rels):
        if full:
            yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, Work.REWRITE)
        else:
            yield from scene.lock_family(relation, LockMode.SHARE_UPDATE_EXCLUSIVE, Work.SCAN)
        yield Maintains(command, relation)
