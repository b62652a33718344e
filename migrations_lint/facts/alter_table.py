"""ALTER TABLE, sub-command by sub-command.

PostgreSQL takes the strongest lock that any sub-command needs, once, for the whole statement; `facts_of` folds the
locks of one relation together in the same way. Lock levels: `AlterTableGetLockLevel`, PostgreSQL 12 to 18.
"""

from collections.abc import Callable, Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.columns import add_column
from migrations_lint.facts.constraints import add_constraint, read_constraint
from migrations_lint.facts.expressions import summary
from migrations_lint.facts.partitions import attach_partition, detach_partition
from migrations_lint.facts.scene import Scene
from migrations_lint.facts.types import change_of_type, type_text
from migrations_lint.locks import LockMode
from migrations_lint.model import (
    ChangesColumnType,
    ConstraintKind,
    CreatesRelation,
    DropsColumn,
    DropsConstraint,
    DropsRelation,
    Fact,
    Relation,
    RelationKind,
    SetsDefault,
    SetsNotNull,
    Unknown,
    ValidatesConstraint,
    Work,
)
from migrations_lint.parse.nodes import definition, inner, kind_of, strings, word

SubCommand = Callable[[Any, Relation, Scene, bool], Iterator[Fact]]

# Sub-commands that only write the catalog: lock mode, and whether partitions and children are locked as well.
_CATALOG_ONLY: dict[str, tuple[LockMode, bool]] = {
    "AT_DropExpression": (LockMode.ACCESS_EXCLUSIVE, True),
    "AT_SetStatistics": (LockMode.SHARE_UPDATE_EXCLUSIVE, True),
    "AT_SetOptions": (LockMode.SHARE_UPDATE_EXCLUSIVE, False),
    "AT_ResetOptions": (LockMode.SHARE_UPDATE_EXCLUSIVE, False),
    "AT_SetStorage": (LockMode.ACCESS_EXCLUSIVE, True),
    "AT_SetCompression": (LockMode.ACCESS_EXCLUSIVE, True),
    "AT_ChangeOwner": (LockMode.ACCESS_EXCLUSIVE, False),
    "AT_ClusterOn": (LockMode.SHARE_UPDATE_EXCLUSIVE, False),
    "AT_DropCluster": (LockMode.SHARE_UPDATE_EXCLUSIVE, False),
    "AT_SetRelOptions": (LockMode.SHARE_UPDATE_EXCLUSIVE, False),
    "AT_ResetRelOptions": (LockMode.SHARE_UPDATE_EXCLUSIVE, False),
    "AT_EnableTrig": (LockMode.SHARE_ROW_EXCLUSIVE, False),
    "AT_EnableAlwaysTrig": (LockMode.SHARE_ROW_EXCLUSIVE, False),
    "AT_EnableReplicaTrig": (LockMode.SHARE_ROW_EXCLUSIVE, False),
    "AT_EnableTrigAll": (LockMode.SHARE_ROW_EXCLUSIVE, False),
    "AT_EnableTrigUser": (LockMode.SHARE_ROW_EXCLUSIVE, False),
    "AT_DisableTrig": (LockMode.SHARE_ROW_EXCLUSIVE, False),
    "AT_DisableTrigAll": (LockMode.SHARE_ROW_EXCLUSIVE, False),
    "AT_DisableTrigUser": (LockMode.SHARE_ROW_EXCLUSIVE, False),
    "AT_EnableRule": (LockMode.ACCESS_EXCLUSIVE, False),
    "AT_EnableAlwaysRule": (LockMode.ACCESS_EXCLUSIVE, False),
    "AT_EnableReplicaRule": (LockMode.ACCESS_EXCLUSIVE, False),
    "AT_DisableRule": (LockMode.ACCESS_EXCLUSIVE, False),
    "AT_ReplicaIdentity": (LockMode.ACCESS_EXCLUSIVE, False),
    "AT_EnableRowSecurity": (LockMode.ACCESS_EXCLUSIVE, False),
    "AT_DisableRowSecurity": (LockMode.ACCESS_EXCLUSIVE, False),
    "AT_ForceRowSecurity": (LockMode.ACCESS_EXCLUSIVE, False),
    "AT_NoForceRowSecurity": (LockMode.ACCESS_EXCLUSIVE, False),
    "AT_SetIdentity": (LockMode.ACCESS_EXCLUSIVE, False),
    "AT_DropOids": (LockMode.ACCESS_EXCLUSIVE, False),
}
# Storage parameters that need more than SHARE UPDATE EXCLUSIVE: reloptions.c, the rest of a table's are weaker.
_STRONG_PARAMETERS = frozenset({"user_catalog_table"})


@derives("alter_table_stmt")
def alter_table(node: Any, scene: Scene) -> Iterator[Fact]:
    """Each sub-command in turn; ALTER INDEX, VIEW, SEQUENCE and MATERIALIZED VIEW share the node."""
    target = word(node, "objtype")
    if target == "OBJECT_INDEX":
        return  # locks the index alone, never its table
    if target == "OBJECT_TYPE":
        yield Unknown("ALTER TYPE of a composite type may touch the tables that use it")
        return
    relation = scene.relation(node.relation)
    if node.missing_ok and scene.table(relation) is None:
        yield Unknown(f"whether {relation} exists is not known")
    for command in map(inner, node.cmds):
        yield from _sub_command(command, relation, scene, only=not node.relation.inh)


def _sub_command(command: Any, relation: Relation, scene: Scene, *, only: bool) -> Iterator[Fact]:
    name = word(command, "subtype")
    if name in _CATALOG_ONLY:
        mode, recurses = _CATALOG_ONLY[name]
        if name == "AT_SetRelOptions" and _has_strong_parameter(command):
            mode = LockMode.ACCESS_EXCLUSIVE
        yield from scene.lock_family(relation, mode, only=only or not recurses)
    elif name in _SUB_COMMANDS:
        yield from _SUB_COMMANDS[name](command, relation, scene, only)
    else:
        yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE, Work.UNKNOWN, assumed=True)
        yield Unknown(f"ALTER TABLE: {name.removeprefix('AT_')} is not a form this version knows")


def _add_column(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    return add_column(definition(command), relation, scene, only=only, if_not_exists=command.missing_ok)


def _drop_column(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE, also on tables that its foreign keys point to and on views that CASCADE takes along."""
    column = command.name
    cascade = word(command, "behavior") == "DROP_CASCADE"
    yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, only=only)
    table = scene.table(relation)
    if command.missing_ok and table is not None and table.certain and column not in table.columns:
        return
    for constraint in table.constraints_on(column) if table else ():
        if constraint.references is not None:
            yield scene.lock(constraint.references, LockMode.ACCESS_EXCLUSIVE)
    for sequence in scene.schema.owned_sequences(relation, column):
        yield scene.lock(sequence.relation, LockMode.ACCESS_EXCLUSIVE)
        yield DropsRelation(sequence.relation, RelationKind.SEQUENCE)
    if cascade:
        for view in scene.schema.views_over(relation):  # those that use the column; which, the text does not tell
            yield scene.lock(view.relation, LockMode.ACCESS_EXCLUSIVE, assumed=True)
        for other, constraint in scene.schema.foreign_keys_to(relation):
            if column in constraint.referenced_columns:
                yield scene.lock(other.relation, LockMode.ACCESS_EXCLUSIVE)
                yield DropsConstraint(other.relation, constraint.name)
    yield DropsColumn(relation, column, cascade)


def _change_type(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE; a rewrite unless the bytes stay the same; without one, CHECKs on the column are run again."""
    changed = definition(command)
    after = type_text(changed.type_name)
    table = scene.table(relation)
    known = table.columns.get(command.name) if table else None
    before = known.type if known else None
    using = changed.HasField("raw_default") and not _is_plain_cast(changed.raw_default, command.name, after)
    work, assumed = change_of_type(before, after, using=using)
    same = before == after
    if work is Work.INSTANT and table is not None and not same:
        checks = [c for c in table.constraints_on(command.name) if c.kind is ConstraintKind.CHECK]
        work = Work.SCAN if checks else work
    yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, work, only=only, assumed=assumed)
    for constraint in table.constraints_on(command.name) if table and not same else ():
        if constraint.references is not None and constraint.references != relation:
            yield scene.lock(constraint.references, LockMode.ACCESS_EXCLUSIVE, assumed=assumed)
    for other, constraint in scene.schema.foreign_keys_to(relation) if not same else ():
        if command.name in (constraint.referenced_columns or (command.name,)):
            rebuilt = Work.SCAN if work is Work.REWRITE else Work.INSTANT
            yield scene.lock(other.relation, LockMode.ACCESS_EXCLUSIVE, rebuilt, assumed=assumed)
    text = summary(changed.raw_default) if using else None
    yield ChangesColumnType(relation, command.name, after, before, using=text)


def _is_plain_cast(expression: Any, column: str, after: str) -> bool:
    """Whether USING says no more than the change itself: the column, or the column cast to the new type."""
    message = inner(expression)
    if kind_of(expression) == "TypeCast" and type_text(message.type_name) == after:
        return _is_plain_cast(message.arg, column, after)
    return kind_of(expression) == "ColumnRef" and strings(message.fields) == (column,)


def _set_not_null(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE with a scan, unless a valid CHECK (column IS NOT NULL) proves it (PostgreSQL 12 and newer)."""
    tables = [scene.table(relation), *([] if only else scene.schema.children(relation))]
    for table in tables:
        proved = table is not None and table.proves_not_null(command.name)
        name = table.relation if table is not None else relation
        yield scene.lock(name, LockMode.ACCESS_EXCLUSIVE, Work.INSTANT if proved else Work.SCAN)
    yield SetsNotNull(relation, command.name, required=True)


def _drop_not_null(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, only=only)
    yield SetsNotNull(relation, command.name, required=False)


def _column_default(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    default = summary(definition(command)) if command.HasField("def") else None
    yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, only=only)
    yield SetsDefault(relation, command.name, default)


def _add_constraint(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    constraint = read_constraint(definition(command), relation, scene)
    if constraint is not None:
        yield from add_constraint(constraint, relation, scene, only=only)


def _validate_constraint(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """SHARE UPDATE EXCLUSIVE with a scan; ROW SHARE on the table that a foreign key points to."""
    table = scene.table(relation)
    constraint = table.constraints.get(command.name) if table else None
    work = Work.INSTANT if constraint is not None and constraint.valid else Work.SCAN
    if constraint is not None and constraint.kind is ConstraintKind.FOREIGN_KEY and constraint.references:
        only = only or (table is not None and table.kind is not RelationKind.PARTITIONED_TABLE)
        if work is Work.SCAN:
            yield scene.lock(constraint.references, LockMode.ROW_SHARE, work)
    yield from scene.lock_family(relation, LockMode.SHARE_UPDATE_EXCLUSIVE, work, only=only)
    yield ValidatesConstraint(relation, command.name)


def _drop_constraint(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE; a foreign key's also on the table it points to, a key's CASCADE on those that point here."""
    table = scene.table(relation)
    constraint = table.constraints.get(command.name) if table else None
    if constraint is None:
        yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, only=only, assumed=True)
        yield DropsConstraint(relation, command.name)
        return
    yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, only=only)
    if constraint.references is not None:
        yield scene.lock(constraint.references, LockMode.ACCESS_EXCLUSIVE)
    if word(command, "behavior") == "DROP_CASCADE":
        for other, key in scene.schema.foreign_keys_to(relation):
            if set(key.referenced_columns or constraint.columns) == set(constraint.columns):
                yield scene.lock(other.relation, LockMode.ACCESS_EXCLUSIVE)
                yield DropsConstraint(other.relation, key.name)
    yield DropsConstraint(relation, command.name)


def _alter_constraint(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on the table, and on the other side of a foreign key whose triggers change."""
    yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE)


def _add_identity(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    sequence = scene.beside(relation, f"{relation.name}_{command.name}_seq")
    yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, only=only)
    yield scene.new(sequence, RelationKind.SEQUENCE)
    yield CreatesRelation(sequence, RelationKind.SEQUENCE, owned_by=(relation, command.name))


def _drop_identity(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, only=only)
    for sequence in scene.schema.owned_sequences(relation, command.name):
        yield scene.lock(sequence.relation, LockMode.ACCESS_EXCLUSIVE)
        yield DropsRelation(sequence.relation, RelationKind.SEQUENCE)


def _rewrite(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """SET EXPRESSION (17+), ACCESS METHOD, TABLESPACE, LOGGED, UNLOGGED: written anew, unless it is so already."""
    yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, Work.REWRITE, only=only, assumed=True)


def _inherit(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    parent = scene.relation(definition(command))
    joins = word(command, "subtype") == "AT_AddInherit"
    yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE)
    yield scene.lock(parent, LockMode.SHARE_UPDATE_EXCLUSIVE if joins else LockMode.ACCESS_SHARE)


def _has_strong_parameter(command: Any) -> bool:
    return any(inner(option).defname in _STRONG_PARAMETERS for option in definition(command).items)


_SUB_COMMANDS: dict[str, SubCommand] = {
    "AT_AddColumn": _add_column,
    "AT_DropColumn": _drop_column,
    "AT_AlterColumnType": _change_type,
    "AT_SetNotNull": _set_not_null,
    "AT_DropNotNull": _drop_not_null,
    "AT_ColumnDefault": _column_default,
    "AT_AddConstraint": _add_constraint,
    "AT_ValidateConstraint": _validate_constraint,
    "AT_DropConstraint": _drop_constraint,
    "AT_AlterConstraint": _alter_constraint,
    "AT_AddIdentity": _add_identity,
    "AT_DropIdentity": _drop_identity,
    "AT_SetExpression": _rewrite,
    "AT_SetAccessMethod": _rewrite,
    "AT_SetLogged": _rewrite,
    "AT_SetUnLogged": _rewrite,
    "AT_SetTableSpace": _rewrite,
    "AT_AddInherit": _inherit,
    "AT_DropInherit": _inherit,
    "AT_AttachPartition": attach_partition,
    "AT_DetachPartition": detach_partition,
}
