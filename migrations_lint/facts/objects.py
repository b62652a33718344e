"""Objects that hang on a table or serve it: triggers, policies, rules, statistics, comments, maintenance."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.rows import reads_of
from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import Fact, NeedsNoTransaction, RelationKind, Unknown, Work
from migrations_lint.parse.nodes import boolean_option, inner, word

_KINDS_WITH_COMMENT_LOCK = frozenset(
    {"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_SEQUENCE", "OBJECT_FOREIGN_TABLE"}
)
_PARTS_WITH_COMMENT_LOCK = frozenset({"OBJECT_TABCONSTRAINT", "OBJECT_TRIGGER", "OBJECT_POLICY", "OBJECT_RULE"})


@derives("create_trig_stmt")
def create_trigger(node: Any, scene: Scene) -> Iterator[Fact]:
    """SHARE ROW EXCLUSIVE; a row trigger on a partitioned table goes to every partition."""
    relation = scene.relation(node.relation)
    table = scene.table(relation)
    partitioned = table is not None and table.kind is RelationKind.PARTITIONED_TABLE
    yield from scene.lock_family(relation, LockMode.SHARE_ROW_EXCLUSIVE, only=not (partitioned and node.row))
    if node.HasField("constrrel"):
        yield scene.lock(scene.relation(node.constrrel), LockMode.ACCESS_SHARE)


@derives("create_policy_stmt", "alter_policy_stmt")
def policy(node: Any, scene: Scene) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on the table."""
    yield scene.lock(scene.relation(node.table), LockMode.ACCESS_EXCLUSIVE)


@derives("rule_stmt")
def create_rule(node: Any, scene: Scene) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on the table, ACCESS SHARE on what the rule's actions name."""
    relation = scene.relation(node.relation)
    yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE)
    for action in node.actions:
        yield from reads_of(action, scene, scans=False, besides=(relation,))


@derives("create_stats_stmt")
def create_statistics(node: Any, scene: Scene) -> Iterator[Fact]:
    """SHARE UPDATE EXCLUSIVE on the table."""
    for range_var in map(inner, node.relations):
        yield scene.lock(scene.relation(range_var), LockMode.SHARE_UPDATE_EXCLUSIVE)


@derives("comment_stmt")
def comment(node: Any, scene: Scene) -> Iterator[Fact]:
    """SHARE UPDATE EXCLUSIVE on a commented relation; ACCESS SHARE for what hangs on one."""
    what = word(node, "objtype")
    if what in _KINDS_WITH_COMMENT_LOCK:
        yield scene.lock(scene.relation_of(inner(node.object).items), LockMode.SHARE_UPDATE_EXCLUSIVE)
    elif what == "OBJECT_COLUMN":
        yield scene.lock(scene.relation_of(inner(node.object).items[:-1]), LockMode.SHARE_UPDATE_EXCLUSIVE)
    elif what in _PARTS_WITH_COMMENT_LOCK:
        yield scene.lock(scene.relation_of(inner(node.object).items[:-1]), LockMode.ACCESS_SHARE)


@derives("grant_stmt")
def grant(node: Any, scene: Scene) -> Iterator[Fact]:
    """No table lock before PostgreSQL 18; from 18 ACCESS SHARE on each table that is named."""
    if scene.server_version < 18:
        return
    is_table = word(node, "objtype") in {"OBJECT_TABLE", "OBJECT_SEQUENCE"}
    if is_table and word(node, "targtype") == "ACL_TARGET_OBJECT":
        for range_var in map(inner, node.objects):
            yield scene.lock(scene.relation(range_var), LockMode.ACCESS_SHARE)


@derives("refresh_mat_view_stmt")
def refresh(node: Any, scene: Scene) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on the view while it is filled anew; CONCURRENTLY takes EXCLUSIVE."""
    relation = scene.relation(node.relation)
    mode = LockMode.EXCLUSIVE if node.concurrent else LockMode.ACCESS_EXCLUSIVE
    yield scene.lock(relation, mode, Work.ROW_CHANGE if node.concurrent else Work.REWRITE)
    view = scene.table(relation)
    for read in view.reads if view and not node.skip_data else ():
        yield from scene.lock_family(read, LockMode.ACCESS_SHARE, Work.SCAN)


@derives("reindex_stmt")
def reindex(node: Any, scene: Scene) -> Iterator[Fact]:
    """SHARE on the table and ACCESS EXCLUSIVE on each index; CONCURRENTLY takes SHARE UPDATE EXCLUSIVE."""
    concurrently = boolean_option(node.params, "concurrently")
    if concurrently:
        yield NeedsNoTransaction("REINDEX CONCURRENTLY")
    mode = LockMode.SHARE_UPDATE_EXCLUSIVE if concurrently else LockMode.SHARE
    kind = word(node, "kind")
    if kind == "REINDEX_OBJECT_TABLE":
        table = scene.table(relation := scene.relation(node.relation))
        work = Work.INSTANT if table is not None and not table.indexes else Work.INDEX_BUILD
        yield from scene.lock_family(relation, mode, work)
    elif kind == "REINDEX_OBJECT_INDEX" and (table := scene.schema.table_of_index(scene.relation(node.relation))):
        yield scene.lock(table.relation, mode, Work.INDEX_BUILD)
    else:
        yield Unknown("which tables this REINDEX goes through is not known")


@derives("cluster_stmt")
def cluster(node: Any, scene: Scene) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE and a rewrite."""
    if node.HasField("relation"):
        yield scene.lock(scene.relation(node.relation), LockMode.ACCESS_EXCLUSIVE, Work.REWRITE)
    else:
        yield NeedsNoTransaction("CLUSTER without a table")
        yield Unknown("CLUSTER without a table goes through every clustered table")


@derives("vacuum_stmt")
def vacuum(node: Any, scene: Scene) -> Iterator[Fact]:
    """VACUUM and ANALYZE take SHARE UPDATE EXCLUSIVE; VACUUM FULL takes ACCESS EXCLUSIVE and rewrites."""
    full = node.is_vacuumcmd and boolean_option(node.options, "full")
    if node.is_vacuumcmd:
        yield NeedsNoTransaction("VACUUM")
    if not node.rels:
        yield Unknown("without a table it goes through all of them")
    for relation in (scene.relation(inner(rel).relation) for rel in node.rels):
        if full:
            yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, Work.REWRITE)
        else:
            yield from scene.lock_family(relation, LockMode.SHARE_UPDATE_EXCLUSIVE, Work.SCAN)
