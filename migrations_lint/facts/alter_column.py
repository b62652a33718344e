"""The sub-commands of ALTER TABLE that are about one column."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts.columns import add_column as _added
from migrations_lint.facts.expressions import summary
from migrations_lint.facts.scene import Scene
from migrations_lint.facts.types import change_of_type, type_text
from migrations_lint.locks import LockMode
from migrations_lint.model import (
    ChangesColumnType,
    ChangesSequence,
    ConstraintKind,
    CreatesRelation,
    DropsColumn,
    DropsConstraint,
    DropsRelation,
    Fact,
    Relation,
    RelationKind,
    SetsDefault,
    SetsExpression,
    SetsIdentity,
    SetsNotNull,
    Work,
)
from migrations_lint.parse import text_of
from migrations_lint.parse.nodes import definition, dotted, inner, kind_of, strings, word
from migrations_lint.snapshot import Table


def add_column(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """What `columns.add_column` says."""
    return _added(definition(command), relation, scene, only=only, if_not_exists=command.missing_ok)


def drop_column(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE, also on tables that its foreign keys point to and on views that CASCADE takes along."""
    column = command.name
    cascade = word(command, "behavior") == "DROP_CASCADE"
    yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, only=only)
    for child in scene.schema.children(relation) if only else ():
        if relation in child.inherits:  # their columns become their own
            yield scene.lock(child.relation, LockMode.ACCESS_EXCLUSIVE)
    table = scene.table(relation)
    if command.missing_ok and table is not None and table.lacks_column(column):
        return
    for constraint in table.constraints_on(column) if table else ():
        if constraint.references is not None:
            yield from scene.lock_family(constraint.references, LockMode.ACCESS_EXCLUSIVE)
        yield DropsConstraint(relation, constraint.name, along=True, constraint=constraint)
    for sequence in scene.schema.owned_sequences(relation, column):
        yield scene.lock(sequence.relation, LockMode.ACCESS_EXCLUSIVE)
        yield DropsRelation(sequence.relation, RelationKind.SEQUENCE, along=True)
    if cascade:
        for view in scene.schema.views_over(relation):  # those that use the column; which, the text does not tell
            yield scene.lock(view.relation, LockMode.ACCESS_EXCLUSIVE, assumed=True)
        for other, constraint in scene.schema.foreign_keys_to(relation):
            if column in scene.schema.columns_referenced(constraint):
                yield scene.lock(other.relation, LockMode.ACCESS_EXCLUSIVE)
                yield DropsConstraint(other.relation, constraint.name, along=True)
    yield DropsColumn(relation, column, cascade, command.missing_ok)


def change_type(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE; a rewrite unless the bytes stay the same; without one, CHECKs on the column are run again."""
    changed = definition(command)
    after = type_text(changed.type_name)
    table = scene.table(relation)
    known = table.columns.get(command.name) if table else None
    before = known.type if known else None
    using = changed.HasField("raw_default") and not _is_plain_cast(changed.raw_default, command.name, after)
    work, assumed = change_of_type(before, after, using=using, types=scene.schema.types)
    collation = dotted(changed.coll_clause.collname) if changed.HasField("coll_clause") else None
    same = before == after
    if work is Work.INSTANT and table is not None:
        work = _without_rewrite(
            table, command.name, same=same, sorted_anew=known is None or known.collation != collation
        )
    yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, work, only=only, assumed=assumed)
    for constraint in table.constraints_on(command.name) if table and not same else ():
        if constraint.references is not None and constraint.references != relation:
            # A key over rewritten values is checked again; the planner decides how it looks up what they refer to.
            checked = Work.SCAN if work is Work.REWRITE and constraint.valid else Work.INSTANT
            unsure = assumed or checked is Work.SCAN
            yield scene.lock(constraint.references, LockMode.ACCESS_EXCLUSIVE, checked, assumed=unsure)
    for other, constraint in scene.schema.foreign_keys_to(relation) if not same else ():
        if command.name in (scene.schema.columns_referenced(constraint) or (command.name,)):
            rebuilt = Work.SCAN if work is Work.REWRITE and constraint.valid else Work.INSTANT
            yield scene.lock(other.relation, LockMode.ACCESS_EXCLUSIVE, rebuilt, assumed=assumed)
    text = text_of(changed.raw_default) if using else None
    # Looked at while the dependencies of the column are written anew; seen on 18, not on 12 to 17.
    for sequence in scene.schema.owned_sequences(relation, command.name) if scene.server_version >= 18 else ():
        yield scene.lock(sequence.relation, LockMode.ACCESS_SHARE)
    yield ChangesColumnType(relation, command.name, after, before, text, collation)


def _without_rewrite(table: Table, column: str, *, same: bool, sorted_anew: bool) -> Work:
    """CHECKs on the column are run again, and another collation builds its indexes anew."""
    if sorted_anew and any(column in index.columns for index in table.indexes):
        return Work.INDEX_BUILD
    checks = any(constraint.kind is ConstraintKind.CHECK for constraint in table.constraints_on(column))
    return Work.SCAN if checks and not same else Work.INSTANT


def _is_plain_cast(expression: Any, column: str, after: str) -> bool:
    """Whether USING says no more than the change itself: the column, or the column cast to the new type."""
    message = inner(expression)
    if kind_of(expression) == "TypeCast" and type_text(message.type_name) == after:
        return _is_plain_cast(message.arg, column, after)
    return kind_of(expression) == "ColumnRef" and strings(message.fields) == (column,)


def set_not_null(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE with a scan, unless a valid CHECK (column IS NOT NULL) proves it (PostgreSQL 12 and newer)."""
    tables = [scene.table(relation), *([] if only else scene.schema.children(relation))]
    for table in tables:
        proved = table is not None and table.proves_not_null(command.name)
        name = table.relation if table is not None else relation
        yield scene.lock(name, LockMode.ACCESS_EXCLUSIVE, Work.INSTANT if proved else Work.SCAN)
    yield SetsNotNull(relation, command.name, required=True)


def drop_not_null(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE, briefly."""
    yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, only=only)
    yield SetsNotNull(relation, command.name, required=False)


def column_default(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """SET and DROP DEFAULT: ACCESS EXCLUSIVE, briefly; old rows stay as they are."""
    default = summary(definition(command)) if command.HasField("def") else None
    yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, only=only)
    yield SetsDefault(relation, command.name, default, text_of(definition(command)) if default is not None else None)


def add_identity(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE, briefly: the column has to be NOT NULL already; a new sequence goes with it."""
    sequence = scene.beside(relation, f"{relation.name}_{command.name}_seq")
    yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, only=only)
    yield scene.new(sequence, RelationKind.SEQUENCE)
    yield CreatesRelation(sequence, RelationKind.SEQUENCE, owned_by=(relation, command.name))
    always = inner(definition(command)).generated_when == "a"
    yield SetsIdentity(relation, command.name, identity=True, always=always)


def drop_identity(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on the table and on the sequence that goes."""
    yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, only=only)
    for sequence in scene.schema.owned_sequences(relation, command.name):
        yield scene.lock(sequence.relation, LockMode.ACCESS_EXCLUSIVE)
        yield DropsRelation(sequence.relation, RelationKind.SEQUENCE, along=True)
    yield SetsIdentity(relation, command.name, identity=False)


def change_identity(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """SET GENERATED and the sequence options beside it: ACCESS EXCLUSIVE on the table, SHARE ROW EXCLUSIVE on those."""
    yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, only=True)
    options = tuple(inner(option).defname for option in definition(command).items)
    for sequence in scene.schema.owned_sequences(relation, command.name):
        yield scene.lock(sequence.relation, LockMode.SHARE_ROW_EXCLUSIVE)
        yield ChangesSequence(sequence.relation, options)


def set_expression(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """SET EXPRESSION (PostgreSQL 17) writes a table with a stored column anew; DROP EXPRESSION only the catalog."""
    table = scene.table(relation)
    column = table.columns.get(command.name) if table else None
    sets = word(command, "subtype") == "AT_SetExpression"
    stored = column is None or column.generated != "virtual"
    work = Work.REWRITE if sets and stored else Work.INSTANT
    yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, work, only=only, assumed=column is None)
    yield SetsExpression(relation, command.name, text_of(definition(command)) if sets else None)
