"""Statements whose reach the file does not tell: everything a role owns, a tablespace holds, a subscription brings."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import (
    ChangesObject,
    CreatesObject,
    DropsObject,
    Fact,
    NeedsNoTransaction,
    ObjectKind,
    Unknown,
)
from migrations_lint.parse.nodes import boolean_option, inner, kind_of, object_name, role, word

_LABELLED = frozenset({"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_SEQUENCE", "OBJECT_FOREIGN_TABLE"})


@derives("drop_owned_stmt")
def drop_owned(node: Any, scene: Scene) -> Iterator[Fact]:
    """DROP OWNED BY: every table of the role, and more."""
    owners = ", ".join(role(inner(spec)) for spec in node.roles)
    yield Unknown(f"DROP OWNED BY {owners} takes along whatever is theirs in this database")


@derives("reassign_owned_stmt")
def reassign_owned(node: Any, scene: Scene) -> Iterator[Fact]:
    """REASSIGN OWNED BY: ACCESS EXCLUSIVE, briefly, on every table of the role."""
    owners = ", ".join(role(inner(spec)) for spec in node.roles)
    yield Unknown(f"REASSIGN OWNED BY {owners} locks every table that is theirs")


@derives("alter_table_move_all_stmt")
def move_all(node: Any, scene: Scene) -> Iterator[Fact]:
    """ALTER … ALL IN TABLESPACE: ACCESS EXCLUSIVE on each while its files are copied."""
    yield Unknown(f"which relations are in tablespace {node.orig_tablespacename} is not known")


@derives("import_foreign_schema_stmt")
def import_foreign_schema(node: Any, scene: Scene) -> Iterator[Fact]:
    """New foreign tables, whose names only the other server knows."""
    yield Unknown(f"which tables {node.server_name} has is not known")


@derives("sec_label_stmt")
def security_label(node: Any, scene: Scene) -> Iterator[Fact]:
    """SHARE UPDATE EXCLUSIVE on a labelled relation, as for COMMENT."""
    items = inner(node.object).items if kind_of(node.object) == "List" else ()
    if word(node, "objtype") in _LABELLED:
        yield scene.lock(scene.relation_of(items), LockMode.SHARE_UPDATE_EXCLUSIVE)
    elif word(node, "objtype") == "OBJECT_COLUMN":
        yield scene.lock(scene.relation_of(items[:-1]), LockMode.SHARE_UPDATE_EXCLUSIVE)


@derives("alter_stats_stmt")
def alter_statistics(node: Any, scene: Scene) -> Iterator[Fact]:
    """SET STATISTICS of a statistics object writes the catalog alone."""
    yield ChangesObject(ObjectKind.STATISTICS, object_name(node.defnames[-1]), "SET STATISTICS")


@derives("alter_object_depends_stmt")
def alter_depends(node: Any, scene: Scene) -> Iterator[Fact]:
    """DEPENDS ON EXTENSION: ACCESS EXCLUSIVE on the relation, or on the table of a trigger."""
    if node.HasField("relation") and word(node, "object_type") != "OBJECT_INDEX":
        yield scene.lock(scene.relation(node.relation), LockMode.ACCESS_EXCLUSIVE)
    yield ChangesObject(ObjectKind.EXTENSION, node.extname.sval, "DEPENDS ON")


@derives("create_subscription_stmt", "alter_subscription_stmt", "drop_subscription_stmt")
def subscription(node: Any, scene: Scene) -> Iterator[Fact]:
    """Which tables are copied, only the publisher knows; a slot cannot be made or dropped in a transaction."""
    name = node.subname
    match kind_of(node):
        case "CreateSubscriptionStmt":
            if not node.options or boolean_option(node.options, "create_slot"):
                yield NeedsNoTransaction("CREATE SUBSCRIPTION")
            yield CreatesObject(ObjectKind.SUBSCRIPTION, name)
            yield Unknown(f"which tables subscription {name} copies is not known")
        case "AlterSubscriptionStmt":
            yield ChangesObject(ObjectKind.SUBSCRIPTION, name, word(node, "kind").removeprefix("ALTER_SUBSCRIPTION_"))
        case _:
            yield NeedsNoTransaction("DROP SUBSCRIPTION")
            yield DropsObject(ObjectKind.SUBSCRIPTION, name, None, node.missing_ok)
