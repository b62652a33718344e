"""What ALTER TABLE sets of a table as a whole: where and how it is stored, whose it is, how it is replicated."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import (
    ChangesInheritance,
    Fact,
    Relation,
    RelationKind,
    SetsStorageParameter,
    SetsTableProperty,
    TableProperty,
    Work,
)
from migrations_lint.parse.nodes import definition, inner, option_text, role, word

# Storage parameters that need more than SHARE UPDATE EXCLUSIVE: reloptions.c, the rest of a table's are weaker.
_STRONG_PARAMETERS = frozenset({"user_catalog_table"})
_IDENTITIES = {"n": "NOTHING", "f": "FULL", "d": "DEFAULT"}


def set_logged(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """LOGGED and UNLOGGED: ACCESS EXCLUSIVE, written anew unless it is so already; sequences owned go along (15)."""
    logged = word(command, "subtype") == "AT_SetLogged"
    yield from _rewritten(relation, scene, TableProperty.LOGGED, "yes" if logged else "no", "yes")


def set_tablespace(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE while the files are copied, unless they are there already."""
    yield from _rewritten(relation, scene, TableProperty.TABLESPACE, command.name, "pg_default")


def set_access_method(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE while the table is written anew, unless it has the method already (PostgreSQL 15)."""
    yield from _rewritten(relation, scene, TableProperty.ACCESS_METHOD, command.name or "heap", "heap")


def _rewritten(relation: Relation, scene: Scene, what: TableProperty, value: str, usual: str) -> Iterator[Fact]:
    table = scene.table(relation)
    known = table is not None and table.certain and what in table.properties
    same = table is not None and table.properties.get(what, usual) == value
    work = Work.INSTANT if same and known else Work.REWRITE
    yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE, work, assumed=not known)
    if what is TableProperty.LOGGED and scene.server_version >= 15 and work is Work.REWRITE:
        for sequence in scene.schema.owned_sequences(relation):
            yield scene.lock(sequence.relation, LockMode.ACCESS_EXCLUSIVE, assumed=not known)
    yield SetsTableProperty(relation, what, value)


def set_owner(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on the table and on the sequences that its columns own."""
    yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE)
    yield SetsTableProperty(relation, TableProperty.OWNER, role(command.newowner))


def set_cluster(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """CLUSTER ON and SET WITHOUT CLUSTER: SHARE UPDATE EXCLUSIVE; nothing moves until CLUSTER runs."""
    yield scene.lock(relation, LockMode.SHARE_UPDATE_EXCLUSIVE)
    yield SetsTableProperty(relation, TableProperty.CLUSTER_INDEX, command.name or None)


def set_replica_identity(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on the table alone."""
    identity = definition(command)
    yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE)
    value = _IDENTITIES.get(identity.identity_type, identity.name)
    yield SetsTableProperty(relation, TableProperty.REPLICA_IDENTITY, value)


def set_parameters(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """SHARE UPDATE EXCLUSIVE for nearly all of them; ALTER INDEX SET locks the index alone."""
    options = [inner(option) for option in definition(command).items]
    strong = any(option.defname in _STRONG_PARAMETERS for option in options)
    table = scene.table(relation)
    if table is not None and table.kind is RelationKind.VIEW:
        strong = True
    yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE if strong else LockMode.SHARE_UPDATE_EXCLUSIVE)
    yield from parameters(command, relation)


def parameters(command: Any, relation: Relation) -> Iterator[Fact]:
    """The facts of SET (…) and RESET (…), without their lock."""
    removed = word(command, "subtype") == "AT_ResetRelOptions"
    for option in map(inner, definition(command).items):
        name = f"{option.defnamespace}.{option.defname}" if option.defnamespace else option.defname
        yield SetsStorageParameter(relation, name, None if removed else option_text(option) or "true")


def change_inheritance(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on the child; SHARE UPDATE EXCLUSIVE on the new parent, ACCESS SHARE on the one left."""
    parent = scene.relation(definition(command))
    joins = word(command, "subtype") == "AT_AddInherit"
    yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE)
    yield scene.lock(parent, LockMode.SHARE_UPDATE_EXCLUSIVE if joins else LockMode.ACCESS_SHARE)
    yield ChangesInheritance(relation, parent, joins)
