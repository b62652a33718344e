"""Statements that lock no table, view or sequence that a user made. Named one by one; silence is never assumed."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.scene import Scene
from migrations_lint.model import Fact, NeedsNoTransaction
from migrations_lint.parse.nodes import kind_of

_NOT_IN_A_TRANSACTION = {
    "CreatedbStmt": "CREATE DATABASE",
    "DropdbStmt": "DROP DATABASE",
    "AlterSystemStmt": "ALTER SYSTEM",
    "CreateTableSpaceStmt": "CREATE TABLESPACE",
    "DropTableSpaceStmt": "DROP TABLESPACE",
}


@derives(
    "create_schema_stmt", "create_enum_stmt", "alter_enum_stmt", "create_domain_stmt",
    "composite_type_stmt", "create_range_stmt", "define_stmt", "create_function_stmt", "alter_function_stmt",
    "create_extension_stmt", "alter_extension_stmt", "create_role_stmt", "alter_role_stmt", "alter_role_set_stmt",
    "drop_role_stmt", "grant_role_stmt", "alter_default_privileges_stmt", "variable_show_stmt", "notify_stmt",
    "listen_stmt", "unlisten_stmt", "check_point_stmt", "constraints_set_stmt",
    "deallocate_stmt", "create_cast_stmt", "create_op_class_stmt", "create_op_family_stmt",
    "create_conversion_stmt", "create_am_stmt", "create_fdw_stmt", "create_foreign_server_stmt",
    "create_user_mapping_stmt", "drop_user_mapping_stmt", "create_event_trig_stmt", "alter_event_trig_stmt",
    "create_plang_stmt", "load_stmt", "alter_owner_stmt", "alter_operator_stmt", "alter_tsdictionary_stmt",
    "alter_tsconfiguration_stmt", "alter_database_stmt", "alter_database_set_stmt",
    "close_portal_stmt", "fetch_stmt", "alter_collation_stmt", "alter_type_stmt", "create_transform_stmt",
    "createdb_stmt", "dropdb_stmt", "alter_system_stmt", "create_table_space_stmt", "drop_table_space_stmt",
)  # fmt: skip
def harmless(node: Any, scene: Scene) -> Iterator[Fact]:
    """Nothing; a few of them may not run inside a transaction."""
    command = _NOT_IN_A_TRANSACTION.get(kind_of(node))
    if command is not None:
        yield NeedsNoTransaction(command)
