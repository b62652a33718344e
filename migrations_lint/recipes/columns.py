"""Columns that get a default or NOT NULL without a rewrite or a scan."""

from migrations_lint.dialect import quoted
from migrations_lint.model import AddsColumn, Fix, SetsNotNull
from migrations_lint.moment import Moment
from migrations_lint.parse.text import SqlText
from migrations_lint.recipes.known import is_free
from migrations_lint.steps import here, later

_NOT_NULL_CONSTRAINTS_SINCE = 18
_OF_A_COLUMN = frozenset({"CONSTRAINT", "NOT", "NULL", "CHECK", "UNIQUE", "PRIMARY", "REFERENCES", "COLLATE"})


def not_null_without_scan(moment: Moment, change: SetsNotNull) -> Fix | None:
    """A NOT NULL constraint that is NOT VALID; before PostgreSQL 18 a CHECK that is validated and then dropped."""
    alter = moment.alter_table
    name = f"{change.relation.name}_{change.column}_not_null"
    if alter is None or len(alter.commands) != 1 or not is_free(moment, change.relation, name):
        return None
    column, name = quoted(change.column), quoted(name)
    undo = alter.companion(f"ALTER COLUMN {column} DROP NOT NULL")
    drop = f"DROP CONSTRAINT IF EXISTS {name}"
    validate = alter.companion(f"VALIDATE CONSTRAINT {name}")
    if moment.settings.server_version >= _NOT_NULL_CONSTRAINTS_SINCE:
        add = f"ADD CONSTRAINT {name} NOT NULL {column} NOT VALID"
        return moment.fix(
            here(alter.companion(add), undo=alter.companion(drop)),
            later(validate, undo=alter.companion(f"{drop}, {add}")),
            undo=undo,
        )
    add = f"ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID"
    return moment.fix(
        here(alter.companion(add), undo=alter.companion(drop)),
        later(validate),
        here(moment.text, undo=undo),
        here(alter.companion(f"DROP CONSTRAINT {name}"), undo=alter.companion(add)),
        undo=undo,
    )


def default_apart(moment: Moment, added: AddsColumn) -> Fix | None:
    """The column without its default; the default for new rows; the old rows filled when the lock is gone."""
    alter, column = moment.alter_table, added.column
    if alter is None or len(alter.commands) != 1 or column.not_null or column.identity or column.generated:
        return None
    (command,) = alter.commands
    default = _default_of(command)
    if default is None or column.default == "nextval()":
        return None
    name = quoted(column.name)
    return moment.fix(
        here(alter.with_command(0, command.cut_at("DEFAULT"))),
        here(alter.companion(f"ALTER COLUMN {name} SET DEFAULT {default}")),
        later(f"UPDATE {alter.table} SET {name} = {default} WHERE {name} IS NULL"),
    )


def compared_json(moment: Moment) -> Fix | None:
    """jsonb, which has an equality operator."""
    alter = moment.alter_table
    if alter is None or len(alter.commands) != 1:
        return None
    return moment.fix(
        here(alter.with_command(0, alter.commands[0].replaced("json", "jsonb"))),
        unsafe="jsonb keeps neither the order of keys, nor one that stands twice, nor space",
    )


def _default_of(command: SqlText) -> str | None:
    """The expression behind DEFAULT, where nothing of the column follows it."""
    default = command.behind("DEFAULT")
    return default.sql if _OF_A_COLUMN.isdisjoint(default.words()) else None
