"""ADD COLUMN … REFERENCES: the table is shut for everyone while the lock on the other one is waited for."""

from collections.abc import Iterator

from migrations_lint.dialect import quoted, spelled
from migrations_lint.model import AddsColumn, AddsConstraint, ConstraintKind, Finding, Severity, Work
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def column_foreign_key_locks_both_tables(moment: Moment) -> Iterator[Finding]:
    """Where rows have to be looked up as well, foreign-key-scan-blocks-writes says so, and this rule is silent."""
    columns = {(added.relation, added.column.name): added.column for added in moment.all_on_live(AddsColumn)}
    for added in moment.all_on_live(AddsConstraint):
        key = added.constraint
        column = columns.get((added.relation, key.columns[0])) if key.columns else None
        if not added.inline or key.kind is not ConstraintKind.FOREIGN_KEY or key.references is None or column is None:
            continue
        other = {lock.relation: lock for lock in moment.locks_on_live_tables()}.get(key.references)
        if key.references == added.relation or other is None or other.work is not Work.INSTANT:
            continue
        first = f"ALTER TABLE {spelled(added.relation)} ADD COLUMN {quoted(column.name)} {column.type}"
        yield moment.finding(
            f"reads and writes of {added.relation} wait for as long as this waits for a lock on {key.references}, "
            "whose writes wait as well",
            help=f"Two migrations: {moment.dialect.statement(first)}; then "
            f"{moment.dialect.add_not_valid(added.relation, key)}, which leaves reads alone.",
            relations=(added.relation, key.references),
            severity=Severity.WARNING,
        )
