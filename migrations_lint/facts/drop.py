"""DROP TABLE, VIEW, MATERIALIZED VIEW, SEQUENCE, INDEX, SCHEMA and what hangs on a table."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.index import drop_index
from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import DropsConstraint, DropsRelation, Fact, Relation, RelationKind, Unknown
from migrations_lint.parse.nodes import inner, strings, word

_KINDS = {
    "OBJECT_TABLE": RelationKind.TABLE,
    "OBJECT_VIEW": RelationKind.VIEW,
    "OBJECT_MATVIEW": RelationKind.MATERIALIZED_VIEW,
    "OBJECT_SEQUENCE": RelationKind.SEQUENCE,
    "OBJECT_FOREIGN_TABLE": RelationKind.FOREIGN_TABLE,
}
_ON_A_TABLE = frozenset({"OBJECT_TRIGGER", "OBJECT_POLICY", "OBJECT_RULE"})
_LOCKS_NO_TABLE = frozenset(
    {
        "OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE", "OBJECT_COLLATION",
        "OBJECT_CONVERSION", "OBJECT_OPERATOR", "OBJECT_OPCLASS", "OBJECT_OPFAMILY", "OBJECT_CAST",
        "OBJECT_EVENT_TRIGGER", "OBJECT_LANGUAGE", "OBJECT_TSCONFIGURATION", "OBJECT_TSDICTIONARY",
        "OBJECT_TSPARSER", "OBJECT_TSTEMPLATE", "OBJECT_FDW", "OBJECT_FOREIGN_SERVER", "OBJECT_ACCESS_METHOD",
        "OBJECT_TRANSFORM", "OBJECT_TYPE", "OBJECT_DOMAIN",
    }
)  # fmt: skip


@derives("drop_stmt")
def drop(node: Any, scene: Scene) -> Iterator[Fact]:
    """Each object in turn."""
    what = word(node, "remove_type")
    cascade = word(node, "behavior") == "DROP_CASCADE"
    for item in map(inner, node.objects):
        if what == "OBJECT_INDEX":
            yield from drop_index(scene.relation_of(item.items), node, scene)
        elif what in _KINDS:
            yield from _drop_relation(scene.relation_of(item.items), _KINDS[what], node.missing_ok, cascade, scene)
        elif what in _ON_A_TABLE:
            relation = scene.relation_of(item.items[:-1])
            yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE, assumed=node.missing_ok)
        elif what == "OBJECT_SCHEMA" and cascade:
            yield from _drop_schema(item.sval, scene)
        elif what == "OBJECT_STATISTIC_EXT":
            yield Unknown(f"the table of statistics object {'.'.join(strings(item.items))} is not known")
        elif cascade and what != "OBJECT_SCHEMA":
            yield Unknown(f"DROP {what.removeprefix('OBJECT_')} … CASCADE may take columns and tables along")
        elif what not in _LOCKS_NO_TABLE and what != "OBJECT_SCHEMA":
            yield Unknown(f"DROP {what.removeprefix('OBJECT_')} is not a form this version knows")


def _drop_relation(
    relation: Relation, kind: RelationKind, missing_ok: bool, cascade: bool, scene: Scene
) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on it, its parts and sequences, the tables its foreign keys point to, and what CASCADE takes."""
    table = scene.table(relation)
    kind = table.kind if table else kind
    lock = scene.lock(relation, LockMode.ACCESS_EXCLUSIVE)
    yield lock if table else _of_kind(lock, kind)
    if table is not None:
        yield from _partners(relation, scene)
        if table.partition_of is not None:
            yield scene.lock(table.partition_of, LockMode.ACCESS_EXCLUSIVE)
            default = scene.schema.default_partition(table.partition_of)
            if default is not None:
                yield scene.lock(default.relation, LockMode.ACCESS_EXCLUSIVE)
        if cascade or table.kind is RelationKind.PARTITIONED_TABLE:
            for child in scene.schema.children(relation):
                yield scene.lock(child.relation, LockMode.ACCESS_EXCLUSIVE)
                yield from _partners(child.relation, scene)
                yield DropsRelation(child.relation, child.kind, missing_ok, cascade)
        if cascade:
            yield from _dependents(relation, scene)
    yield DropsRelation(relation, kind, missing_ok, cascade)


def _of_kind(lock: Fact, kind: RelationKind) -> Fact:
    return replace(lock, relation_kind=kind)  # type: ignore[arg-type]


def _partners(relation: Relation, scene: Scene) -> Iterator[Fact]:
    table = scene.table(relation)
    for constraint in table.constraints.values() if table else ():
        if constraint.references is not None and constraint.references != relation:
            yield scene.lock(constraint.references, LockMode.ACCESS_EXCLUSIVE)
    for sequence in scene.schema.owned_sequences(relation):
        yield scene.lock(sequence.relation, LockMode.ACCESS_EXCLUSIVE)
        yield DropsRelation(sequence.relation, RelationKind.SEQUENCE)


def _dependents(relation: Relation, scene: Scene) -> Iterator[Fact]:
    for view in scene.schema.views_over(relation):
        yield scene.lock(view.relation, LockMode.ACCESS_EXCLUSIVE)
        yield DropsRelation(view.relation, view.kind, cascade=True)
    for other, constraint in scene.schema.foreign_keys_to(relation):
        yield scene.lock(other.relation, LockMode.ACCESS_EXCLUSIVE)
        yield DropsConstraint(other.relation, constraint.name)


def _drop_schema(name: str, scene: Scene) -> Iterator[Fact]:
    for table in list(scene.schema.tables.values()):
        if table.relation.schema == name:
            yield scene.lock(table.relation, LockMode.ACCESS_EXCLUSIVE)
            yield DropsRelation(table.relation, table.kind, cascade=True)
    yield Unknown(f"DROP SCHEMA {name} CASCADE takes along whatever the schema holds")
