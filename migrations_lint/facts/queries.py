"""What a query locks to be read: the relations it names, what their views read, rows that FOR UPDATE keeps."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import LockFact, Relation, RelationKind, Work
from migrations_lint.parse.nodes import Parts, inner, strings, walk
from migrations_lint.snapshot import Table

_CATALOGS = frozenset({"pg_catalog", "information_schema"})


def reads_of(parts: Parts, scene: Scene, *, scans: bool, besides: tuple[Relation, ...] = ()) -> Iterator[LockFact]:
    """ACCESS SHARE on every relation that a query names, and on what its views read."""
    work = Work.SCAN if scans else Work.INSTANT
    for message in named_in(parts):
        relation = scene.relation(message)
        if relation.schema not in _CATALOGS and relation not in besides:
            yield scene.lock(relation, LockMode.ACCESS_SHARE, work)
            pruned = may_be_pruned(parts, scene.table(relation))
            for child in scene.schema.children(relation) if message.inh else ():
                yield scene.lock(child.relation, LockMode.ACCESS_SHARE, work, assumed=pruned)
            yield from behind_view(relation, scene, LockMode.ACCESS_SHARE, work)


def may_be_pruned(parts: Parts, table: Table | None) -> bool:
    """Whether a query names the column that decides between partitions: those it can leave out are not locked."""
    keys = set(table.partition_key) if table is not None else set()
    return bool(keys) and any(keys & set(strings(column.fields)[-1:]) for column in parts.get("ColumnRef", ()))


def named_in(parts: Parts) -> Iterator[Any]:
    """The RangeVars of a query that stand for relations: not its WITH names, not the table that INTO makes."""
    names = {expression.ctename for expression in parts.get("CommonTableExpr", ())}
    made = [into.rel for into in parts.get("IntoClause", ())]
    for message in parts.get("RangeVar", ()):
        if (message.schemaname or message.relname not in names) and message not in made:
            yield message


def behind_view(relation: Relation, scene: Scene, mode: LockMode, work: Work) -> Iterator[LockFact]:
    """The same lock on what a view reads, and on what the views among those do."""
    waiting, seen = [relation], {relation}
    while waiting:
        table = scene.table(waiting.pop())
        for read in table.reads if table is not None and table.kind is RelationKind.VIEW else ():
            if read not in seen:  # scripts that PostgreSQL refuses may well go round in a circle
                yield from scene.lock_family(read, mode, work)
                seen.add(read)
                waiting.append(read)


def row_locks(parts: Parts, scene: Scene) -> Iterator[LockFact]:
    """ROW SHARE on the tables of FOR UPDATE and its kin: those after OF, else all in FROM and in its subqueries."""
    for select in parts.get("SelectStmt", ()):
        if select.locking_clause:
            named = {inner(r).relname for c in map(inner, select.locking_clause) for r in c.locked_rels}
            for table in _in_from(select):
                if not named or (table.alias.aliasname or table.relname) in named:
                    relation = scene.relation(table)
                    yield from scene.lock_family(relation, LockMode.ROW_SHARE, Work.SCAN, only=not table.inh)
                    yield from behind_view(relation, scene, LockMode.ROW_SHARE, Work.SCAN)


def _in_from(select: Any) -> Iterator[Any]:
    for item in select.from_clause:
        yield from (message for message in walk(item) if message.DESCRIPTOR.name == "RangeVar")
