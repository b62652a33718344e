"""ALTER TABLE, sub-command by sub-command.

PostgreSQL takes the strongest lock that any sub-command needs, once, for the whole statement; `facts_of` folds the
locks of one relation together in the same way. Lock levels: `AlterTableGetLockLevel`, PostgreSQL 12 to 18.
"""

from collections.abc import Callable, Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.alter_column import (
    add_column,
    add_identity,
    change_identity,
    change_type,
    column_default,
    drop_column,
    drop_identity,
    drop_not_null,
    set_expression,
    set_not_null,
)
from migrations_lint.facts.alter_constraint import (
    add_constraint,
    alter_constraint,
    drop_constraint,
    validate_constraint,
)
from migrations_lint.facts.partitions import attach_index, attach_partition, detach_partition, finalize_detach
from migrations_lint.facts.policies import switch_row_security
from migrations_lint.facts.scene import Scene
from migrations_lint.facts.table_properties import (
    change_inheritance,
    parameters,
    set_access_method,
    set_cluster,
    set_logged,
    set_owner,
    set_parameters,
    set_replica_identity,
    set_tablespace,
)
from migrations_lint.facts.triggers import switch_trigger
from migrations_lint.locks import LockMode
from migrations_lint.model import ChangesObject, Fact, ObjectKind, Relation, Unknown, Work
from migrations_lint.parse.nodes import inner, word

SubCommand = Callable[[Any, Relation, Scene, bool], Iterator[Fact]]

# Sub-commands that only write the catalog: lock mode, and whether partitions and children are locked as well.
_CATALOG_ONLY: dict[str, tuple[LockMode, bool]] = {
    "AT_SetStatistics": (LockMode.SHARE_UPDATE_EXCLUSIVE, True),
    "AT_SetOptions": (LockMode.SHARE_UPDATE_EXCLUSIVE, False),
    "AT_ResetOptions": (LockMode.SHARE_UPDATE_EXCLUSIVE, False),
    "AT_SetStorage": (LockMode.ACCESS_EXCLUSIVE, True),
    "AT_SetCompression": (LockMode.ACCESS_EXCLUSIVE, True),
    "AT_EnableRule": (LockMode.ACCESS_EXCLUSIVE, False),
    "AT_EnableAlwaysRule": (LockMode.ACCESS_EXCLUSIVE, False),
    "AT_EnableReplicaRule": (LockMode.ACCESS_EXCLUSIVE, False),
    "AT_DisableRule": (LockMode.ACCESS_EXCLUSIVE, False),
    "AT_DropOids": (LockMode.ACCESS_EXCLUSIVE, False),
    "AT_AddOf": (LockMode.ACCESS_EXCLUSIVE, False),
    "AT_DropOf": (LockMode.ACCESS_EXCLUSIVE, False),
    "AT_GenericOptions": (LockMode.ACCESS_EXCLUSIVE, False),
    "AT_AlterColumnGenericOptions": (LockMode.ACCESS_EXCLUSIVE, False),
}


@derives("alter_table_stmt")
def alter_table(node: Any, scene: Scene) -> Iterator[Fact]:
    """Each sub-command in turn; ALTER INDEX, VIEW, SEQUENCE and MATERIALIZED VIEW share the node."""
    target = word(node, "objtype")
    relation = scene.relation(node.relation)
    if target == "OBJECT_INDEX":
        yield from _alter_index(node, relation, scene)
        return
    if target == "OBJECT_TYPE":
        yield from _alter_composite(node, relation, scene)
        return
    if node.missing_ok and scene.table(relation) is None:
        yield Unknown(f"whether {relation} exists is not known")
    for command in map(inner, node.cmds):
        yield from _sub_command(command, relation, scene, only=not node.relation.inh)


def _alter_composite(node: Any, relation: Relation, scene: Scene) -> Iterator[Fact]:
    """Attributes of a composite type: refused while a column uses it; CASCADE goes on to tables OF the type."""
    for command in map(inner, node.cmds):
        what = _ATTRIBUTE_CHANGES.get(word(command, "subtype"), "")
        yield ChangesObject(ObjectKind.TYPE, scene.spelled(relation), what)
        if word(command, "behavior") == "DROP_CASCADE":
            yield Unknown(f"which tables are OF the type {scene.spelled(relation)} is not known")


def _alter_index(node: Any, relation: Relation, scene: Scene) -> Iterator[Fact]:
    """Locks the index alone, never its table."""
    for command in map(inner, node.cmds):
        subtype = word(command, "subtype")
        if subtype in {"AT_SetRelOptions", "AT_ResetRelOptions"}:
            yield from parameters(command, relation)
        elif subtype == "AT_AttachPartition":
            yield from attach_index(command, relation, scene)


def _sub_command(command: Any, relation: Relation, scene: Scene, *, only: bool) -> Iterator[Fact]:
    name = word(command, "subtype")
    if name in _CATALOG_ONLY:
        mode, recurses = _CATALOG_ONLY[name]
        yield from scene.lock_family(relation, mode, only=only or not recurses)
    elif name in _SUB_COMMANDS:
        yield from _SUB_COMMANDS[name](command, relation, scene, only)
    else:
        yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE, Work.UNKNOWN, assumed=True)
        yield Unknown(f"ALTER TABLE: {name.removeprefix('AT_')} is not a form this version knows")


_ATTRIBUTE_CHANGES = {
    "AT_AddColumn": "ADD ATTRIBUTE",
    "AT_DropColumn": "DROP ATTRIBUTE",
    "AT_AlterColumnType": "ALTER ATTRIBUTE TYPE",
}
_SUB_COMMANDS: dict[str, SubCommand] = {
    "AT_AddColumn": add_column,
    "AT_DropColumn": drop_column,
    "AT_AlterColumnType": change_type,
    "AT_SetNotNull": set_not_null,
    "AT_DropNotNull": drop_not_null,
    "AT_ColumnDefault": column_default,
    "AT_SetExpression": set_expression,
    "AT_DropExpression": set_expression,
    "AT_AddIdentity": add_identity,
    "AT_SetIdentity": change_identity,
    "AT_DropIdentity": drop_identity,
    "AT_AddConstraint": add_constraint,
    "AT_ValidateConstraint": validate_constraint,
    "AT_DropConstraint": drop_constraint,
    "AT_AlterConstraint": alter_constraint,
    "AT_SetAccessMethod": set_access_method,
    "AT_SetLogged": set_logged,
    "AT_SetUnLogged": set_logged,
    "AT_SetTableSpace": set_tablespace,
    "AT_ChangeOwner": set_owner,
    "AT_ClusterOn": set_cluster,
    "AT_DropCluster": set_cluster,
    "AT_ReplicaIdentity": set_replica_identity,
    "AT_SetRelOptions": set_parameters,
    "AT_ResetRelOptions": set_parameters,
    "AT_EnableTrig": switch_trigger,
    "AT_EnableAlwaysTrig": switch_trigger,
    "AT_EnableReplicaTrig": switch_trigger,
    "AT_EnableTrigAll": switch_trigger,
    "AT_EnableTrigUser": switch_trigger,
    "AT_DisableTrig": switch_trigger,
    "AT_DisableTrigAll": switch_trigger,
    "AT_DisableTrigUser": switch_trigger,
    "AT_EnableRowSecurity": switch_row_security,
    "AT_DisableRowSecurity": switch_row_security,
    "AT_ForceRowSecurity": switch_row_security,
    "AT_NoForceRowSecurity": switch_row_security,
    "AT_AddInherit": change_inheritance,
    "AT_DropInherit": change_inheritance,
    "AT_AttachPartition": attach_partition,
    "AT_DetachPartition": detach_partition,
    "AT_DetachPartitionFinalize": finalize_detach,
}
KNOWN_SUB_COMMANDS = frozenset(_CATALOG_ONLY) | frozenset(_SUB_COMMANDS)
