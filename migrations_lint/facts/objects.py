"""Rules, statistics, comments; and what lives beside tables: schemas, extensions, roles, publications, databases."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from migrations_lint.catalog import replay
from migrations_lint.facts import derives, facts_of_node
from migrations_lint.facts.rows import planned
from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import (
    ChangesObject,
    ChangesPublication,
    Comments,
    CreatesObject,
    Fact,
    NeedsNoTransaction,
    ObjectKind,
    Relation,
    RelationKind,
)
from migrations_lint.parse.nodes import dotted, inner, kind_of, option_text, role, strings, word

_KINDS_WITH_COMMENT_LOCK = frozenset(
    {"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_SEQUENCE", "OBJECT_FOREIGN_TABLE"}
)
_PARTS_WITH_COMMENT_LOCK = frozenset({"OBJECT_TABCONSTRAINT", "OBJECT_TRIGGER", "OBJECT_POLICY", "OBJECT_RULE"})


@derives("rule_stmt")
def create_rule(node: Any, scene: Scene) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on the table; on what the rule's actions name the lock that they would take."""
    relation = scene.relation(node.relation)
    yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE)
    for action in map(inner, node.actions):
        yield from planned(action, scene, besides=(relation,))
    yield CreatesObject(ObjectKind.RULE, node.rulename, relation, or_replace=node.replace)


@derives("create_stats_stmt")
def create_statistics(node: Any, scene: Scene) -> Iterator[Fact]:
    """SHARE UPDATE EXCLUSIVE on the table."""
    for range_var in map(inner, node.relations):
        relation = scene.relation(range_var)
        yield scene.lock(relation, LockMode.SHARE_UPDATE_EXCLUSIVE)
        yield CreatesObject(ObjectKind.STATISTICS, dotted(node.defnames), relation, node.if_not_exists)


@derives("comment_stmt")
def comment(node: Any, scene: Scene) -> Iterator[Fact]:
    """SHARE UPDATE EXCLUSIVE on a commented relation; ACCESS SHARE for what hangs on one."""
    what = word(node, "objtype")
    if what in _KINDS_WITH_COMMENT_LOCK:
        relation = scene.relation_of(inner(node.object).items)
        yield scene.lock(relation, LockMode.SHARE_UPDATE_EXCLUSIVE)
        yield Comments(relation, None, node.comment or None)
    elif what == "OBJECT_COLUMN":
        names = inner(node.object).items
        relation = scene.relation_of(names[:-1])
        yield scene.lock(relation, LockMode.SHARE_UPDATE_EXCLUSIVE)
        yield Comments(relation, strings(names)[-1], node.comment or None)
    elif what in _PARTS_WITH_COMMENT_LOCK:
        yield scene.lock(scene.relation_of(inner(node.object).items[:-1]), LockMode.ACCESS_SHARE)


@derives("create_schema_stmt")
def create_schema(node: Any, scene: Scene) -> Iterator[Fact]:
    """A new schema; what its elements make is told by the statements inside."""
    name = node.schemaname or role(node.authrole)
    yield CreatesObject(ObjectKind.SCHEMA, name, if_not_exists=node.if_not_exists)
    inside = replace(scene, schema=scene.schema.copy(), search_path=(name, *scene.search_path))
    for element in node.schema_elts:
        facts = facts_of_node(element, inside)
        replay(facts, inside.schema)
        yield from facts


@derives("create_extension_stmt")
def create_extension(node: Any, scene: Scene) -> Iterator[Fact]:
    """What the extension's script makes is its own; it touches no table of the user's."""
    versions = [option_text(option) for option in map(inner, node.options) if option.defname == "new_version"]
    version = versions[0] if versions else None
    yield CreatesObject(ObjectKind.EXTENSION, node.extname, if_not_exists=node.if_not_exists, version=version)


@derives("alter_extension_stmt", "alter_extension_contents_stmt")
def alter_extension(node: Any, scene: Scene) -> Iterator[Fact]:
    """An update runs a script of the extension's own."""
    what = "UPDATE" if kind_of(node) == "AlterExtensionStmt" else "ADD" if node.action > 0 else "DROP"
    yield ChangesObject(ObjectKind.EXTENSION, node.extname, what)


@derives("create_role_stmt", "alter_role_stmt", "alter_role_set_stmt")
def roles(node: Any, scene: Scene) -> Iterator[Fact]:
    """Roles belong to the whole server; no table is touched."""
    match kind_of(node):
        case "CreateRoleStmt":
            yield CreatesObject(ObjectKind.ROLE, node.role)
        case "AlterRoleStmt":
            attributes = (inner(option).defname for option in node.options)
            yield ChangesObject(ObjectKind.ROLE, role(node.role), " ".join(attributes))
        case _:
            yield ChangesObject(ObjectKind.ROLE, role(node.role), f"SET {node.setstmt.name}")


@derives("create_plang_stmt")
def create_language(node: Any, scene: Scene) -> Iterator[Fact]:
    """A procedural language; PostgreSQL 18 makes an extension of it."""
    yield CreatesObject(ObjectKind.LANGUAGE, node.plname, or_replace=node.replace)


@derives("create_event_trig_stmt")
def create_event_trigger(node: Any, scene: Scene) -> Iterator[Fact]:
    """An event trigger; no table is touched."""
    yield CreatesObject(ObjectKind.EVENT_TRIGGER, node.trigname)


@derives("createdb_stmt", "alter_database_stmt", "alter_database_set_stmt", "alter_system_stmt")
def databases(node: Any, scene: Scene) -> Iterator[Fact]:
    """Databases and the server's own settings."""
    match kind_of(node):
        case "CreatedbStmt":
            yield NeedsNoTransaction("CREATE DATABASE")
            yield CreatesObject(ObjectKind.DATABASE, node.dbname)
        case "AlterSystemStmt":
            yield NeedsNoTransaction("ALTER SYSTEM")
            yield ChangesObject(ObjectKind.SYSTEM, "", f"SET {node.setstmt.name}")
        case "AlterDatabaseSetStmt":
            yield ChangesObject(ObjectKind.DATABASE, node.dbname, f"SET {node.setstmt.name}")
        case _:
            yield ChangesObject(ObjectKind.DATABASE, node.dbname, "SET")


@derives("create_table_space_stmt")
def create_tablespace(node: Any, scene: Scene) -> Iterator[Fact]:
    """A directory of the server."""
    yield NeedsNoTransaction("CREATE TABLESPACE")
    yield CreatesObject(ObjectKind.TABLESPACE, node.tablespacename)


@derives("create_publication_stmt", "alter_publication_stmt")
def publication(node: Any, scene: Scene) -> Iterator[Fact]:
    """SHARE UPDATE EXCLUSIVE on each table that is added or taken out."""
    objects = [inner(item) for item in node.pubobjects]
    tables = tuple(scene.relation(item.pubtable.relation) for item in objects if item.HasField("pubtable"))
    replaced = kind_of(node) == "AlterPublicationStmt" and word(node, "action") == "AP_SetObjects"
    before = scene.schema.publications.get(node.pubname, ()) or ()
    for table in (*tables, *(before if replaced and tables else ())):
        yield from _published_lock(table, scene)
    created = kind_of(node) == "CreatePublicationStmt"
    if created:
        yield CreatesObject(ObjectKind.PUBLICATION, node.pubname)
    elif node.options:
        return
    whole = node.for_all_tables or any(not item.HasField("pubtable") for item in objects)
    all_tables = not created and scene.schema.publications.get(node.pubname, ()) is None
    after = None if whole or all_tables else _published(node, tables, () if created else before)
    yield ChangesPublication(node.pubname, after)


def _published_lock(table: Relation, scene: Scene) -> Iterator[Fact]:
    """Partitions are published through their parent; tables that inherit are added one by one."""
    known = scene.table(table)
    partitioned = known is not None and known.kind is RelationKind.PARTITIONED_TABLE
    yield from scene.lock_family(table, LockMode.SHARE_UPDATE_EXCLUSIVE, only=partitioned)


def _published(node: Any, tables: tuple[Relation, ...], before: tuple[Relation, ...]) -> tuple[Relation, ...]:
    action = word(node, "action") if kind_of(node) == "AlterPublicationStmt" else "AP_SetObjects"
    if action == "AP_DropObjects":
        return tuple(table for table in before if table not in tables)
    return tuple(dict.fromkeys((*before, *tables))) if action == "AP_AddObjects" else tables
