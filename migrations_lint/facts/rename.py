"""RENAME and SET SCHEMA, of relations and of what they hold; owner changes."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import (
    Fact,
    Relation,
    RelationKind,
    RenamesColumn,
    RenamesRelation,
    Unknown,
)
from migrations_lint.parse.nodes import word

_RELATIONS = frozenset({"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_SEQUENCE", "OBJECT_FOREIGN_TABLE"})
_ON_A_TABLE = frozenset({"OBJECT_TABCONSTRAINT", "OBJECT_TRIGGER", "OBJECT_POLICY", "OBJECT_RULE"})


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
        yield scene.lock(scene.relation(node.relation), LockMode.ACCESS_EXCLUSIVE)
    elif what == "OBJECT_ATTRIBUTE":
        yield Unknown("ALTER TYPE … RENAME ATTRIBUTE may touch the tables that use the type")


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
    if word(node, "object_type") not in _RELATIONS:
        return
    relation = scene.relation(node.relation)
    moved = [relation, *(sequence.relation for sequence in scene.schema.owned_sequences(relation))]
    for one in moved:
        lock = scene.lock(one, LockMode.ACCESS_EXCLUSIVE)
        yield lock
        yield RenamesRelation(one, Relation(node.newschema, one.name), lock.relation_kind)
