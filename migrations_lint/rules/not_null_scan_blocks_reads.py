"""SET NOT NULL on a column that nothing proves to be filled: every row is read under ACCESS EXCLUSIVE."""

from collections.abc import Iterator

from migrations_lint.dialect import quoted
from migrations_lint.model import Constraint, ConstraintKind, Finding, SetsNotNull, Work
from migrations_lint.moment import Moment
from migrations_lint.recipes import not_null_without_scan
from migrations_lint.rules import rule

_CONSTRAINTS_SINCE = 18


@rule
def not_null_scan_blocks_reads(moment: Moment) -> Iterator[Finding]:
    """Silent where a valid CHECK (column IS NOT NULL) lets PostgreSQL 12 and newer skip the scan."""
    scanned = list(moment.locks_on_live_tables(Work.SCAN))
    for change in moment.all(SetsNotNull):
        if not change.required or not scanned:
            continue
        yield moment.finding(
            f"reads and writes of {change.relation} wait while every row is checked for a NULL in {change.column}",
            help=_way_out(moment, change),
            relations=(change.relation,),
            fix=not_null_without_scan(moment, change),
            lasting=scanned,
        )


def _way_out(moment: Moment, change: SetsNotNull) -> str:
    direct = moment.settings.server_version >= _CONSTRAINTS_SINCE
    constraint = Constraint(
        f"{change.relation.name}_{change.column}_not_null",
        ConstraintKind.NOT_NULL if direct else ConstraintKind.CHECK,
        (change.column,),
        expression=f"{quoted(change.column)} IS NOT NULL",
    )
    steps = [
        moment.dialect.add_not_valid(change.relation, constraint),
        moment.dialect.validate(change.relation, constraint.name),
    ]
    if direct:
        return f"Two steps, each its own migration: {'; '.join(steps)}."
    steps.append("then SET NOT NULL, which scans nothing, and drop the CHECK")
    return f"Three steps, each its own migration: {'; '.join(steps)}."
