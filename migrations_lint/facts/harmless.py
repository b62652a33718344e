"""Statements that lock no table, view or sequence that a user made. Named one by one; silence is never assumed."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.scene import Scene
from migrations_lint.model import Fact


@derives(
    "define_stmt", "variable_show_stmt", "notify_stmt", "listen_stmt", "unlisten_stmt",
    "check_point_stmt", "constraints_set_stmt", "deallocate_stmt", "create_cast_stmt", "create_op_class_stmt",
    "create_op_family_stmt", "create_conversion_stmt", "create_am_stmt", "create_fdw_stmt",
    "create_foreign_server_stmt", "create_user_mapping_stmt", "drop_user_mapping_stmt", "alter_event_trig_stmt",
    "load_stmt", "alter_owner_stmt", "alter_operator_stmt", "alter_tsdictionary_stmt", "alter_tsconfiguration_stmt",
    "close_portal_stmt", "fetch_stmt", "alter_collation_stmt", "alter_type_stmt", "create_transform_stmt",
    "alter_table_space_options_stmt", "alter_fdw_stmt", "alter_foreign_server_stmt", "alter_user_mapping_stmt",
    "alter_op_family_stmt", "alter_database_refresh_coll_stmt",
)  # fmt: skip
def harmless(node: Any, scene: Scene) -> Iterator[Fact]:
    """Nothing."""
    return iter(())
