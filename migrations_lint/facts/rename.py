"""RENAME and SET SCHEMA, of relations and of what they hold; owner changes."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import (
    ChangesObject,
    Fact,
    ObjectKind,
    Relation,
    RelationKind,
    RenamesColumn,
    RenamesObject,
    RenamesRelation,
    Unknown,
)
from migrations_lint.parse.nodes import object_name, word

_RELATIONS = frozenset({"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_SEQUENCE", "OBJECT_FOREIGN_TABLE"})
_ON_A_TABLE = {
    "OBJECT_TABCONSTRAINT": ObjectKind.CONSTRAINT,
    "OBJECT_TRIGGER": ObjectKind.TRIGGER,
    "OBJECT_POLICY": ObjectKind.POLICY,
    "OBJECT_RULE": ObjectKind.RULE,
}
_OBJECTS = {
    "OBJECT_FUNCTION": ObjectKind.FUNCTION,
    "OBJECT_PROCEDURE": ObjectKind.FUNCTION,
    "OBJECT_ROUTINE": ObjectKind.FUNCTION,
    "OBJECT_AGGREGATE": ObjectKind.FUNCTION,
    "OBJECT_DATABASE": ObjectKind.DATABASE,
    "OBJECT_DOMAIN": ObjectKind.DOMAIN,
    "OBJECT_DOMCONSTRAINT": ObjectKind.DOMAIN,
    "OBJECT_EVENT_TRIGGER": ObjectKind.EVENT_TRIGGER,
    "OBJECT_EXTENSION": ObjectKind.EXTENSION,
    "OBJECT_PUBLICATION": ObjectKind.PUBLICATION,
    "OBJECT_ROLE": ObjectKind.ROLE,
    "OBJECT_SCHEMA": ObjectKind.SCHEMA,
    "OBJECT_STATISTIC_EXT": ObjectKind.STATISTICS,
    "OBJECT_SUBSCRIPTION": ObjectKind.SUBSCRIPTION,
    "OBJECT_TABLESPACE": ObjectKind.TABLESPACE,
    "OBJECT_TYPE": ObjectKind.TYPE,
}


@derives("rename_stmt")
def rename(node: Any, scene: Scene) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on the relation, for a column also on its children; an index's table is not locked."""
    what = word(node, "rename_type")
    if what in _RELATIONS or what == "OBJECT_INDEX":
        yield from _rename_relation(node, scene)
    elif what == "OBJECT_COLUMN":
        relation = scene.relation(node.relation)
        yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, only=not node.relation.inh)
        yield RenamesColumn(relation, node.subname, node.newname)
    elif what in _ON_A_TABLE:
        relation = scene.relation(node.relation)
        yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE)
        yield RenamesObject(_ON_A_TABLE[what], node.subname, node.newname, relation)
    elif what == "OBJECT_ATTRIBUTE":
        name = scene.spelled(scene.relation(node.relation))
        yield ChangesObject(ObjectKind.TYPE, name, f"RENAME ATTRIBUTE {node.subname}")
        if word(node, "behavior") == "DROP_CASCADE":
            yield Unknown(f"which tables are OF the type {name} is not known")
    else:
        name = object_name(node.object) if node.HasField("object") else node.subname
        schema, dot, _ = name.rpartition(".")
        yield RenamesObject(_OBJECTS.get(what, ObjectKind.OTHER), name, f"{schema}{dot}{node.newname}")


def _rename_relation(node: Any, scene: Scene) -> Iterator[Fact]:
    relation = scene.relation(node.relation)
    to = Relation(relation.schema, node.newname)
    if scene.schema.table_of_index(relation) is not None or word(node, "rename_type") == "OBJECT_INDEX":
        yield RenamesRelation(relation, to, RelationKind.INDEX)
        return
    yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE)
    yield RenamesRelation(relation, to, scene.lock(relation, LockMode.ACCESS_EXCLUSIVE).relation_kind)


@derives("alter_object_schema_stmt")
def set_schema(node: Any, scene: Scene) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on the relation and on the sequences that its columns own, which move along."""
    what = word(node, "object_type")
    if what not in _RELATIONS:
        name = object_name(node.object)
        bare = name.rpartition(".")[2]
        to = bare if node.newschema == "public" else f"{node.newschema}.{bare}"
        yield RenamesObject(_OBJECTS.get(what, ObjectKind.OTHER), name, to)
        return
    relation = scene.relation(node.relation)
    moved = [relation, *(sequence.relation for sequence in scene.schema.owned_sequences(relation))]
    for one in moved:
        lock = scene.lock(one, LockMode.ACCESS_EXCLUSIVE)
        yield lock
        yield RenamesRelation(one, Relation(node.newschema, one.name), lock.relation_kind, along=one != relation)
