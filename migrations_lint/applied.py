"""How many steps of a history a database already holds, told from its catalog alone.

No bookkeeping table is read: the schema that a history has built is compared after each step with the snapshot, and
the step after which they are most alike is the last that was applied.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from migrations_lint.model import ConstraintKind, Relation
from migrations_lint.snapshot import SchemaSnapshot, Table


def steps_in(snapshot: SchemaSnapshot, built: Iterable[SchemaSnapshot]) -> int:
    """The number of steps applied; `built` is the schema before the first step and after each.

    It may be one object that changes. Of steps that fit equally well the first counts: what leaves no trace in the
    catalog is taken to be still pending.
    """
    seen: dict[Relation, Table] = {}
    distance = sum(_distance(None, table) for table in snapshot.tables.values())
    best, steps = distance + len(_labels(snapshot)), 0
    for step, schema in enumerate(built):
        for relation in _changed(seen, schema):
            there = snapshot.find(relation)
            distance += _distance(schema.find(relation), there) - _distance(seen.get(relation), there)
        seen = dict(schema.tables)
        in_all = distance + len(_labels(schema) ^ _labels(snapshot))
        if in_all < best:
            best, steps = in_all, step
    return steps


def _labels(schema: SchemaSnapshot) -> frozenset[tuple[str, str]]:
    return frozenset((name, label) for name, known in schema.types.items() for label in ("", *known.labels))


def _changed(seen: dict[Relation, Table], schema: SchemaSnapshot) -> Iterator[Relation]:
    """Tables are frozen, so that another object is another state."""
    yield from (relation for relation, table in schema.tables.items() if seen.get(relation) is not table)
    yield from (relation for relation in seen if relation not in schema.tables)


def _distance(built: Table | None, there: Table | None) -> int:
    return len(_marks(built) ^ _marks(there))


def _marks(table: Table | None) -> frozenset[tuple[Any, ...]]:
    """What of a relation a migration can have made, each as one word for comparing.

    NOT NULL counts by its column: as constraints they have a name in the catalog since PostgreSQL 18 only.
    """
    if table is None:
        return frozenset()
    marks: set[tuple[Any, ...]] = {("relation", table.kind)}
    for column in table.columns.values():
        marks |= {("column", column.name), ("type", column.name, column.type)}
        marks |= {("default", column.name)} if column.default is not None else set()
        marks |= {("not null", column.name)} if column.not_null else set()
    for constraint in table.constraints.values():
        if constraint.kind is not ConstraintKind.NOT_NULL:
            marks.add(("constraint", constraint.name, constraint.valid))
    return frozenset(marks | {("index", index.name) for index in table.indexes})
