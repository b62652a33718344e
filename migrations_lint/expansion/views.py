"""Another name for a table or column, while a view lets queries go on under the old one."""

from collections.abc import Iterator

from migrations_lint.dialect import quoted, spelled
from migrations_lint.expansion.parts import Part, Phase, slug
from migrations_lint.model import (
    CheckedStatement,
    Fix,
    Relation,
    RelationKind,
    RenamesColumn,
    RenamesRelation,
    Step,
)
from migrations_lint.moment import Moment
from migrations_lint.recipes import view_under_old_name
from migrations_lint.snapshot import SchemaSnapshot, Table

_INVOKER_SINCE = 15
WHAT_A_VIEW_IS_NOT = (
    "a view is no table: COPY … FROM, TRUNCATE, a foreign key that points to it and pg_get_serial_sequence() do not "
    "work under its name"
)


def renamed_table(moment: Moment, renamed: RenamesRelation) -> tuple[Part, ...] | str:
    """The parts, or why there are none."""
    objection = _objection(moment.before, renamed.relation)
    if objection is not None:
        return objection
    at = CheckedStatement(moment.statement, moment.direction, moment.transaction, moment.facts)
    fix = view_under_old_name(at, renamed)
    if fix is None:
        return f"only a table that stays in its schema can leave a view behind, and {renamed.relation} is none"
    return _under_view(fix, renamed)


def _under_view(fix: Fix, renamed: RenamesRelation) -> tuple[Part, ...]:
    view = spelled(renamed.relation)
    title = slug(renamed.relation.name, "to", renamed.to.name)
    again = f"CREATE VIEW {view} AS SELECT * FROM {spelled(renamed.to)}"
    return (
        Part(
            Phase.BEFORE_DEPLOY,
            f"rename_{title}",
            fix.steps,
            f"Renames the table and leaves a view under the old name, through which {view} is read and written as "
            "before; both names work from here on.",
        ),
        Part(
            Phase.CONTRACT,
            f"drop_view_{slug(renamed.relation.name)}",
            (Step(f"DROP VIEW {view}", undo=again),),
            f"Drops the view, once nothing asks for {view} any more.",
        ),
    )


def renamed_column(moment: Moment, renamed: RenamesColumn) -> tuple[Part, ...] | str:
    """The parts, or why there are none."""
    objection = _objection(moment.before, renamed.relation)
    table = moment.before.find(renamed.relation)
    hidden = Relation(renamed.relation.schema, f"{renamed.relation.name}_table")
    if objection is None and moment.before.find(hidden) is not None:
        objection = f"the name {hidden} that it needs is taken"
    if objection is not None or table is None:
        return objection or f"the history does not tell what {renamed.relation} is"
    secure = moment.settings.server_version >= _INVOKER_SINCE
    if table.row_security and not secure:
        return f"row security of {table.relation} would not hold behind a view before PostgreSQL {_INVOKER_SINCE}"
    title = slug(renamed.relation.name, renamed.column, "to", renamed.to)
    steps = tuple(_behind_view(renamed, hidden, secure=secure))
    drop, back = steps[2].undo, steps[0].undo
    return (
        Part(
            Phase.BEFORE_DEPLOY,
            f"rename_{title}",
            steps,
            f"Renames the column, and puts a view in the table's place that has it under both names; the table itself "
            f"is called {hidden.name} meanwhile.",
        ),
        Part(
            Phase.CONTRACT,
            f"drop_view_{slug(renamed.relation.name)}",
            (Step(str(drop), undo=steps[2].sql), Step(str(back), undo=steps[0].sql)),
            f"Gives the table its name back, once nothing asks for {renamed.column} any more.",
        ),
    )


def _behind_view(renamed: RenamesColumn, hidden: Relation, *, secure: bool) -> Iterator[Step]:
    table, behind = spelled(renamed.relation), spelled(hidden)
    old, new = quoted(renamed.column), quoted(renamed.to)
    invoker = " WITH (security_invoker = true)" if secure else ""
    yield Step(
        f"ALTER TABLE {table} RENAME TO {quoted(hidden.name)}",
        undo=f"ALTER TABLE {behind} RENAME TO {quoted(renamed.relation.name)}",
    )
    yield Step(
        f"ALTER TABLE {behind} RENAME COLUMN {old} TO {new}", undo=f"ALTER TABLE {behind} RENAME COLUMN {new} TO {old}"
    )
    yield Step(f"CREATE VIEW {table}{invoker} AS SELECT *, {new} AS {old} FROM {behind}", undo=f"DROP VIEW {table}")


def _objection(schema: SchemaSnapshot, relation: Relation) -> str | None:
    table = schema.find(relation)
    if table is None or not table.certain:
        return f"the history does not tell what {relation} is, and a view takes the place of a plain table only"
    return next(_objections(schema, table), None)


def _objections(schema: SchemaSnapshot, table: Table) -> Iterator[str]:
    if table.kind is not RelationKind.TABLE or table.partition_of is not None or table.inherits:
        yield f"a view takes the place of a plain table only, and {table.relation} is none"
    if table.granted:
        roles = ", ".join(sorted(table.granted))
        yield f"{roles} was granted rights on {table.relation}, which a view in its place would not have"
    if any(True for _ in schema.children(table.relation)):
        yield f"{table.relation} shares its columns with others by inheritance"
