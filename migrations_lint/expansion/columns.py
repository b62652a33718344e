"""A column added whose values are computed row by row, and a column dropped: in steps."""

from collections.abc import Iterator, Sequence

from migrations_lint.dialect import listed, quoted, spelled
from migrations_lint.expansion.dependents import key_of
from migrations_lint.expansion.parts import Part, Phase, parts_of, slug, together
from migrations_lint.expansion.ways_back import undo_of
from migrations_lint.model import AddsColumn, AddsConstraint, Column, ConstraintKind, DropsColumn, Step, Work
from migrations_lint.moment import Moment
from migrations_lint.recipes import column_check_apart, constraint_using_index, default_apart
from migrations_lint.snapshot import Table

_INDEXED = frozenset({ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE})


def added_column(moment: Moment, added: AddsColumn) -> tuple[Part, ...] | str | None:
    """The parts, why there are none, or None where it may run as it is."""
    column = added.column
    work = {lock.work for lock in moment.locks_on_live_tables()}
    title = slug(added.relation.name, column.name)
    drop = f"ALTER TABLE {spelled(added.relation)} DROP COLUMN {quoted(column.name)}"
    if column.not_null and column.default is None and not column.identity and column.generated is None:
        return (
            f"rows that are there get no value in {column.name}, and the running release writes none: give it a "
            "DEFAULT, or add it without NOT NULL, fill it, and SET NOT NULL in the same file"
        )
    if Work.REWRITE in work:
        fix = default_apart(moment, added)
        if fix is None:
            return f"{column.name} gets a value of its own in every row, which only writing the whole table anew can do"
        first, second, fill = fix.steps
        steps = (Step(first.sql, first.place, drop), second)
        return (
            Part(Phase.BEFORE_DEPLOY, f"add_{title}", steps, "Adds the column; the default is for new rows."),
            Part(
                Phase.BEFORE_DEPLOY,
                f"fill_{title}",
                (fill,),
                "Fills it for the rows that are there.",
                fills=True,
                key=key_of(moment.before.find(added.relation)),
            ),
        )
    constraint = next((one for one in added.constraints if one.kind in _INDEXED | {ConstraintKind.CHECK}), None)
    if constraint is None:
        return None
    fact = next((one for one in moment.all(AddsConstraint) if one.constraint == constraint), None)
    if fact is None:
        return None
    is_check = constraint.kind is ConstraintKind.CHECK
    fix = column_check_apart(moment, fact) if is_check else constraint_using_index(moment, fact)
    if fix is None:
        return f"{constraint.name} cannot be taken out of the column's definition; write it as ADD CONSTRAINT"
    first_part, *others = parts_of(
        fix, Phase.BEFORE_DEPLOY, f"add_{title}", ("Adds the column.", f"Adds {constraint.name} beside traffic.")
    )
    head = Step(first_part.steps[0].sql, first_part.steps[0].place, drop)
    return (
        Part(Phase.BEFORE_DEPLOY, f"add_{title}", (head, *first_part.steps[1:]), first_part.why),
        *others,
    )


def dropped_column(moment: Moment, dropped: DropsColumn, own: Sequence[str]) -> tuple[Part, ...] | str:
    """Before the deploy nothing needs it any more; it goes when nobody goes back to the code that used it."""
    table = moment.before.find(dropped.relation)
    column = table.columns.get(dropped.column) if table is not None else None
    alter, name = f"ALTER TABLE {spelled(dropped.relation)}", quoted(dropped.column)
    title = slug(dropped.relation.name, dropped.column)
    back = undo_of(moment, frozenset({dropped.column}), own)
    free: tuple[Part, ...] = ()
    if column is None or table is None:
        if back is None:
            return (
                f"the history does not tell what {dropped.relation}.{dropped.column} is, so its way back is not known"
            )
    else:
        key = table.primary_key
        if key is not None and column.name in key.columns and not (column.identity or column.default):
            return f"{column.name} is part of the primary key, and no row goes without it: change the key first"
        back = together(_again(table, column, f"{alter} ADD COLUMN {name}"))
        if column.not_null and column.default is None and not column.identity:
            loosen = Step(
                f"{alter} ALTER COLUMN {name} DROP NOT NULL", undo=f"{alter} ALTER COLUMN {name} SET NOT NULL"
            )
            why = f"Rows may be written without {dropped.column} from here on, as the new release writes them."
            free = (Part(Phase.BEFORE_DEPLOY, f"free_{title}", (loosen,), why),)
    why = (
        f"Drops {dropped.column} with its values, once no release that uses it is left to go back to. The way back "
        "brings the column, not the values."
    )
    step = Step(moment.statement.sql, undo=back)
    return (*free, Part(Phase.CONTRACT, f"drop_{title}", (step,), why))


def gone_with(table: Table | None, column: str) -> frozenset[str]:
    """The constraints and indexes that go with a column, by name."""
    if table is None:
        return frozenset()
    indexes = {index.name.name for index in table.indexes if column in index.columns}
    return frozenset({constraint.name for constraint in table.constraints_on(column)} | indexes)


def _again(table: Table, column: Column, add: str) -> Iterator[str]:
    """The column, and what went with it, as they were; it may hold NULL now."""
    collation = f" COLLATE {column.collation}" if column.collation else ""
    default = f" DEFAULT {column.default_sql}" if column.default_sql else ""
    yield f"{add} {column.type}{collation}{default}"
    for constraint in table.constraints_on(column.name):
        if constraint.kind in _INDEXED:
            kind = constraint.kind.value.upper()
            yield (
                f"ALTER TABLE {spelled(table.relation)} ADD CONSTRAINT {quoted(constraint.name)} {kind} "
                f"({listed(constraint.columns)})"
            )
    for index in table.indexes:
        if column.name in index.columns and not index.of_constraint and index.plain and not index.predicate:
            unique = "UNIQUE " if index.unique else ""
            yield (
                f"CREATE {unique}INDEX {quoted(index.name.name)} ON {spelled(table.relation)} ({listed(index.columns)})"
            )
