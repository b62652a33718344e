"""What a query locks to be read: the relations it names, what their views read, rows that FOR UPDATE keeps."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import LockFact, Relation, RelationKind, Work
from migrations_lint.parse.nodes import inner, strings, walk
from migrations_lint.snapshot import Table

_CATALOGS = frozenset({"pg_catalog", "information_schema"})


def reads_of(node: Any, scene: Scene, *, scans: bool, besides: tuple[Relation, ...] = ()) -> Iterator[LockFact]:
    """ACCESS SHARE on every relation that a query names, and on what its views read."""
    work = Work.SCAN if scans else Work.INSTANT
    for message in named_in(node):
        relation = scene.relation(message)
        if relation.schema not in _CATALOGS and relation not in besides:
            yield scene.lock(relation, LockMode.ACCESS_SHARE, work)
            pruned = may_be_pruned(node, scene.table(relation))
            for child in scene.schema.children(relation) if message.inh else ():
                yield scene.lock(child.relation, LockMode.ACCESS_SHARE, work, assumed=pruned)
            yield from behind_view(relation, scene, LockMode.ACCESS_SHARE, work)


def may_be_pruned(node: Any, table: Table | None) -> bool:
    """Whether a query names the column that decides between partitions: those it can leave out are not locked."""
    keys = set(table.partition_key) if table is not None else set()
    return bool(keys) and any(
        message.DESCRIPTOR.name == "ColumnRef" and keys & set(strings(message.fields)[-1:]) for message in walk(node)
    )


def named_in(node: Any) -> Iterator[Any]:
    """The RangeVars of a query that stand for relations: not its WITH names, not the table that INTO makes."""
    names = {message.ctename for message in walk(node) if message.DESCRIPTOR.name == "CommonTableExpr"}
    made = [message.rel for message in walk(node) if message.DESCRIPTOR.name == "IntoClause"]
    for message in walk(node):
        is_relation = message.DESCRIPTOR.name == "RangeVar" and (message.schemaname or message.relname not in names)
        if is_relation and message not in made:
            yield message


def behind_view(relation: Relation, scene: Scene, mode: LockMode, work: Work) -> Iterator[LockFact]:
    """The same lock on what a view reads, and on what the views among those do."""
    table = scene.table(relation)
    if table is not None and table.kind is RelationKind.VIEW:
        for read in table.reads:
            yield from scene.lock_family(read, mode, work)
            yield from behind_view(read, scene, mode, work)


def row_locks(node: Any, scene: Scene) -> Iterator[LockFact]:
    """ROW SHARE on the tables of FOR UPDATE and its kin: those after OF, else all in FROM and in its subqueries."""
    for message in walk(node):
        if message.DESCRIPTOR.name == "SelectStmt" and message.locking_clause:
            named = {inner(r).relname for c in map(inner, message.locking_clause) for r in c.locked_rels}
            for table in _in_from(message):
                if not named or (table.alias.aliasname or table.relname) in named:
                    relation = scene.relation(table)
                    yield from scene.lock_family(relation, LockMode.ROW_SHARE, Work.SCAN, only=not table.inh)
                    yield from behind_view(relation, scene, LockMode.ROW_SHARE, Work.SCAN)


def _in_from(select: Any) -> Iterator[Any]:
    for item in select.from_clause:
        yield from (message for message in walk(item) if message.DESCRIPTOR.name == "RangeVar")
