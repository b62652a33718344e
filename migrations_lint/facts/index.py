"""CREATE INDEX and DROP INDEX."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import (
    CreatesIndex,
    DropsIndex,
    Fact,
    NeedsNoTransaction,
    Relation,
    RelationKind,
    Unknown,
    Work,
)
from migrations_lint.parse.nodes import inner


@derives("index_stmt")
def create_index(node: Any, scene: Scene) -> Iterator[Fact]:
    """SHARE on the table and its partitions while the index is built; CONCURRENTLY takes SHARE UPDATE EXCLUSIVE.

    IF NOT EXISTS takes the lock before it looks, and then builds nothing.
    """
    relation = scene.relation(node.relation)
    columns = tuple(inner(element).name or "(expression)" for element in node.index_params)
    index = scene.beside(relation, node.idxname or "_".join([relation.name, *columns, "idx"]))
    exists = node.if_not_exists and scene.schema.table_of_index(index) is not None
    work = Work.INSTANT if exists else Work.INDEX_BUILD
    if node.concurrent:
        yield NeedsNoTransaction("CREATE INDEX CONCURRENTLY")
    mode = LockMode.SHARE_UPDATE_EXCLUSIVE if node.concurrent else LockMode.SHARE
    yield from scene.lock_family(relation, mode, work, only=not node.relation.inh)
    if not exists:
        yield CreatesIndex(relation, index, columns, node.unique, node.concurrent, node.if_not_exists)


def drop_index(index: Relation, node: Any, scene: Scene) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on the index's table; CONCURRENTLY takes SHARE UPDATE EXCLUSIVE."""
    table = scene.schema.table_of_index(index)
    if node.concurrent:
        yield NeedsNoTransaction("DROP INDEX CONCURRENTLY")
    mode = LockMode.SHARE_UPDATE_EXCLUSIVE if node.concurrent else LockMode.ACCESS_EXCLUSIVE
    if table is None:
        if not node.missing_ok:
            yield Unknown(f"the table of index {index} is not known")
        yield DropsIndex(index, None, node.concurrent, node.missing_ok)
        return
    partitioned = table.kind is RelationKind.PARTITIONED_TABLE
    yield from scene.lock_family(table.relation, mode, only=not partitioned)
    yield DropsIndex(index, table.relation, node.concurrent, node.missing_ok)
