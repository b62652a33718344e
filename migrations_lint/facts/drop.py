"""DROP TABLE, VIEW, MATERIALIZED VIEW, SEQUENCE, INDEX, SCHEMA and what hangs on a table."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.index import drop_index
from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import (
    DropsColumn,
    DropsConstraint,
    DropsObject,
    DropsRelation,
    Fact,
    NeedsNoTransaction,
    ObjectKind,
    Relation,
    RelationKind,
    SetsDefault,
    Unknown,
)
from migrations_lint.parse.nodes import inner, object_name, role, strings, word

_KINDS = {
    "OBJECT_TABLE": RelationKind.TABLE,
    "OBJECT_VIEW": RelationKind.VIEW,
    "OBJECT_MATVIEW": RelationKind.MATERIALIZED_VIEW,
    "OBJECT_SEQUENCE": RelationKind.SEQUENCE,
    "OBJECT_FOREIGN_TABLE": RelationKind.FOREIGN_TABLE,
}
_ON_A_TABLE = {"OBJECT_TRIGGER": ObjectKind.TRIGGER, "OBJECT_POLICY": ObjectKind.POLICY, "OBJECT_RULE": ObjectKind.RULE}
_OBJECTS = {
    "OBJECT_FUNCTION": ObjectKind.FUNCTION,
    "OBJECT_PROCEDURE": ObjectKind.FUNCTION,
    "OBJECT_ROUTINE": ObjectKind.FUNCTION,
    "OBJECT_AGGREGATE": ObjectKind.FUNCTION,
    "OBJECT_EVENT_TRIGGER": ObjectKind.EVENT_TRIGGER,
    "OBJECT_EXTENSION": ObjectKind.EXTENSION,
    "OBJECT_LANGUAGE": ObjectKind.LANGUAGE,
    "OBJECT_PUBLICATION": ObjectKind.PUBLICATION,
    "OBJECT_SCHEMA": ObjectKind.SCHEMA,
    "OBJECT_STATISTIC_EXT": ObjectKind.STATISTICS,
    "OBJECT_TYPE": ObjectKind.TYPE,
    "OBJECT_DOMAIN": ObjectKind.DOMAIN,
} | dict.fromkeys(
    (
        "OBJECT_COLLATION", "OBJECT_CONVERSION", "OBJECT_OPERATOR", "OBJECT_OPCLASS", "OBJECT_OPFAMILY", "OBJECT_CAST",
        "OBJECT_TSCONFIGURATION", "OBJECT_TSDICTIONARY", "OBJECT_TSPARSER", "OBJECT_TSTEMPLATE", "OBJECT_FDW",
        "OBJECT_FOREIGN_SERVER", "OBJECT_ACCESS_METHOD", "OBJECT_TRANSFORM",
    ),
    ObjectKind.OTHER,
)  # fmt: skip
_OF_TYPES = frozenset({ObjectKind.TYPE, ObjectKind.DOMAIN})


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
            yield DropsObject(_ON_A_TABLE[what], strings(item.items)[-1], relation, node.missing_ok, cascade)
        elif what in _OBJECTS:
            yield from _drop_object(_OBJECTS[what], object_name(item), node.missing_ok, cascade, scene)
        else:
            yield Unknown(f"DROP {what.removeprefix('OBJECT_')} is not a form this version knows")


def _drop_object(kind: ObjectKind, name: str, missing_ok: bool, cascade: bool, scene: Scene) -> Iterator[Fact]:
    """No lock on a table, but CASCADE may reach columns and tables, and statistics hang on one."""
    yield DropsObject(kind, name, None, missing_ok, cascade)
    if kind is ObjectKind.SCHEMA and cascade:
        yield from _drop_schema(name, scene)
    elif kind is ObjectKind.STATISTICS:
        described = scene.schema.statistics.get(name)
        if described is not None:
            yield scene.lock(described, LockMode.SHARE_UPDATE_EXCLUSIVE)
        elif not missing_ok:
            yield Unknown(f"the table of statistics object {name} is not known")
    elif kind in _OF_TYPES and cascade:
        for table, column in scene.schema.users_of_type(name):
            yield from scene.lock_family(table.relation, LockMode.ACCESS_EXCLUSIVE)
            yield DropsColumn(table.relation, column.name, cascade, along=True)
    elif kind is ObjectKind.FUNCTION and cascade:
        yield from _with_triggers(name, scene)
    elif cascade and kind is not ObjectKind.SCHEMA:
        yield Unknown(f"DROP {kind.value} {name} CASCADE may take columns and tables along")


def _with_triggers(function: str, scene: Scene) -> Iterator[Fact]:
    """The triggers that call a function go with it; what else of the schema calls it is not known."""
    found = [
        (table.relation, trigger.name)
        for table in list(scene.schema.tables.values())
        for trigger in table.triggers.values()
        if trigger.function == function
    ]
    for relation, name in found:
        yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE)
        yield DropsObject(ObjectKind.TRIGGER, name, relation, cascade=True, along=True)
    if not found:
        yield Unknown(f"DROP FUNCTION {function} CASCADE may take columns and tables along")


@derives("dropdb_stmt")
def drop_database(node: Any, scene: Scene) -> Iterator[Fact]:
    """A whole database."""
    yield NeedsNoTransaction("DROP DATABASE")
    yield DropsObject(ObjectKind.DATABASE, node.dbname, None, node.missing_ok)


@derives("drop_table_space_stmt")
def drop_tablespace(node: Any, scene: Scene) -> Iterator[Fact]:
    """Refused while anything is stored there."""
    yield NeedsNoTransaction("DROP TABLESPACE")
    yield DropsObject(ObjectKind.TABLESPACE, node.tablespacename, None, node.missing_ok)


@derives("drop_role_stmt")
def drop_role(node: Any, scene: Scene) -> Iterator[Fact]:
    """Refused while the role owns anything or has rights on it."""
    for spec in map(inner, node.roles):
        yield DropsObject(ObjectKind.ROLE, role(spec), None, node.missing_ok)


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
                yield DropsRelation(child.relation, child.kind, missing_ok, cascade, along=True)
        if cascade:
            yield from _dependents(relation, scene)
        if cascade and table.owned_by is not None and table.kind is RelationKind.SEQUENCE:
            owner, column = table.owned_by
            yield scene.lock(owner, LockMode.ACCESS_EXCLUSIVE)
            yield SetsDefault(owner, column, None)
    yield DropsRelation(relation, kind, missing_ok, cascade)


def _of_kind(lock: Fact, kind: RelationKind) -> Fact:
    return replace(lock, relation_kind=kind)  # type: ignore[arg-type]


def _partners(relation: Relation, scene: Scene) -> Iterator[Fact]:
    table = scene.table(relation)
    for constraint in table.constraints.values() if table else ():
        if constraint.references is not None and constraint.references != relation:
            yield from scene.lock_family(constraint.references, LockMode.ACCESS_EXCLUSIVE)
    for sequence in scene.schema.owned_sequences(relation):
        yield scene.lock(sequence.relation, LockMode.ACCESS_EXCLUSIVE)
        yield DropsRelation(sequence.relation, RelationKind.SEQUENCE, along=True)


def _dependents(relation: Relation, scene: Scene) -> Iterator[Fact]:
    for view in scene.schema.views_over(relation):
        yield scene.lock(view.relation, LockMode.ACCESS_EXCLUSIVE)
        yield DropsRelation(view.relation, view.kind, cascade=True, along=True)
    for target in (relation, *scene.schema.parents(relation)):
        for other, constraint in scene.schema.foreign_keys_to(target):
            yield from scene.lock_family(other.relation, LockMode.ACCESS_EXCLUSIVE)
            yield from scene.lock_family(target, LockMode.ACCESS_EXCLUSIVE)
            yield DropsConstraint(other.relation, constraint.name, along=True)


def _drop_schema(name: str, scene: Scene) -> Iterator[Fact]:
    for table in list(scene.schema.tables.values()):
        if table.relation.schema == name:
            yield scene.lock(table.relation, LockMode.ACCESS_EXCLUSIVE)
            yield DropsRelation(table.relation, table.kind, cascade=True, along=True)
    yield Unknown(f"DROP SCHEMA {name} CASCADE takes along whatever the schema holds")
