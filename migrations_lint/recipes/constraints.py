"""Constraints that are tried on old rows, or whose index is built, while the table is in use."""

from migrations_lint.dialect import quoted, spelled
from migrations_lint.model import AddsColumn, AddsConstraint, ConstraintKind, Fix, Relation
from migrations_lint.moment import Moment
from migrations_lint.parse.text import SqlText
from migrations_lint.recipes.known import if_unknown, is_free, is_partitioned
from migrations_lint.steps import alone, here, later

_NOT_VALID_KEYS_ON_PARTITIONED_SINCE = 18
_KEYWORDS = {
    ConstraintKind.CHECK: ("CHECK",),
    ConstraintKind.FOREIGN_KEY: ("FOREIGN KEY",),
    ConstraintKind.NOT_NULL: ("NOT NULL",),
    ConstraintKind.UNIQUE: ("UNIQUE",),
    ConstraintKind.PRIMARY_KEY: ("PRIMARY KEY",),
}


def not_valid_then_validate(moment: Moment, added: AddsConstraint) -> Fix | None:
    """ADD CONSTRAINT … NOT VALID, and VALIDATE CONSTRAINT when its strong lock is gone."""
    constraint, alter = added.constraint, moment.alter_table
    at = alter.adds(constraint.name, _KEYWORDS[constraint.kind]) if alter else None
    if alter is None or at is None or not is_free(moment, added.relation, constraint.name):
        return None
    needs_plain = (
        constraint.kind is ConstraintKind.FOREIGN_KEY
        and moment.settings.server_version < _NOT_VALID_KEYS_ON_PARTITIONED_SINCE
    )
    if needs_plain and is_partitioned(moment, added.relation):
        return None
    name = quoted(constraint.name)
    command = _named(alter.commands[at], name).append(" NOT VALID")
    drop = f"DROP CONSTRAINT IF EXISTS {name}"
    return moment.fix(
        here(alter.with_command(at, command), undo=alter.companion(drop)),
        later(alter.companion(f"VALIDATE CONSTRAINT {name}"), undo=alter.companion(f"{drop},{command.sql}")),
        undo=alter.companion(f"DROP CONSTRAINT {name}") if len(alter.commands) == 1 else None,
        unsafe=if_unknown(moment, added.relation, "a foreign key NOT VALID") if needs_plain else None,
    )


def column_check_apart(moment: Moment, added: AddsConstraint) -> Fix | None:
    """The column without its CHECK; the CHECK for itself NOT VALID, and validated later."""
    constraint, alter = added.constraint, moment.alter_table
    if alter is None or len(alter.commands) != 1 or not is_free(moment, added.relation, constraint.name):
        return None
    (command,) = alter.commands
    check, name = command.group_after("CHECK"), quoted(constraint.name)
    if check is None or command.words().count("CHECK") != 1:
        return None
    given = f"CONSTRAINT {name} CHECK" if command.has("CONSTRAINT") else "CHECK"
    plain = command.without(given, group=True)
    drop, add = f"DROP CONSTRAINT IF EXISTS {name}", f"ADD CONSTRAINT {name} CHECK {check} NOT VALID"
    return moment.fix(
        here(alter.with_command(0, plain)),
        here(alter.companion(add), undo=alter.companion(drop)),
        later(alter.companion(f"VALIDATE CONSTRAINT {name}"), undo=alter.companion(f"{drop}, {add}")),
    )


def constraint_using_index(moment: Moment, added: AddsConstraint) -> Fix | None:
    """A unique index built concurrently, which the constraint then takes over."""
    constraint, alter = added.constraint, moment.alter_table
    known = constraint.kind in {ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY}
    if alter is None or len(alter.commands) != 1 or not known or is_partitioned(moment, added.relation):
        return None
    if not is_free(moment, added.relation, constraint.name) or not _is_not_null(moment, added):
        return None
    (command,) = alter.commands
    keyword, name = _KEYWORDS[constraint.kind][0], quoted(constraint.name)
    columns = command.group_after(keyword)
    using = f"ADD CONSTRAINT {name} {keyword} USING INDEX {name}"
    if any(True for _ in moment.all(AddsColumn)):
        given = f"CONSTRAINT {name} {keyword}" if command.has("CONSTRAINT") else keyword
        first, columns = [here(alter.with_command(0, command.without(given)))], f"({quoted(constraint.columns[0])})"
    elif columns is not None and _ends_with_group(command, keyword):
        first = []
    else:
        return None
    return moment.fix(
        *first,
        alone(
            f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {alter.table} {columns}",
            undo=f"DROP INDEX CONCURRENTLY IF EXISTS {spelled(Relation(added.relation.schema, constraint.name))}",
        ),
        later(alter.companion(using), undo=alter.companion(f"DROP CONSTRAINT IF EXISTS {name}")),
        undo=None if first else alter.companion(f"DROP CONSTRAINT {name}"),
        unsafe=if_unknown(moment, added.relation, "CREATE INDEX CONCURRENTLY"),
    )


def _named(command: SqlText, name: str) -> SqlText:
    """PostgreSQL would choose this name; a constraint that is to be validated later has to have it for certain."""
    return command if command.has("CONSTRAINT") else command.insert_after("ADD", f" CONSTRAINT {name}")


def _ends_with_group(command: SqlText, keyword: str) -> bool:
    """Whether nothing follows the columns: no INCLUDE, no storage parameters, no DEFERRABLE."""
    return command.words()[-2 - len(keyword.split()) :] == (*keyword.split(), "(", ")")


def _is_not_null(moment: Moment, added: AddsConstraint) -> bool:
    """A primary key over a column that may be NULL reads the whole table for it, also with USING INDEX."""
    if added.constraint.kind is ConstraintKind.UNIQUE:
        return True
    table = moment.before.find(added.relation)
    return table is not None and all(table.proves_not_null(column) for column in added.constraint.columns)
