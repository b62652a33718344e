"""A type change on one side of a foreign key."""

from collections.abc import Iterator

from migrations_lint.model import ChangesColumnType, ConstraintKind, Finding, Relation, Severity, Work
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def type_change_splits_foreign_key(moment: Moment) -> Iterator[Finding]:
    """The other table is locked too, and the foreign key tried on every row again."""
    for change in moment.all_on_live(ChangesColumnType):
        locked = {lock.relation for lock in moment.locks_on_live_tables() if lock.mode.blocks_reads}
        others = [other for other in dict.fromkeys(_partners(moment, change)) if other in locked]
        if change.before == change.type or not others:
            continue
        tables = ", ".join(map(str, others))
        yield moment.finding(
            f"reads and writes of {tables} wait too while a foreign key to or from {change.relation}.{change.column} "
            "is made anew; the other side keeps its type until it is changed as well",
            help="Change both sides by way of new columns: add, keep in step, fill in batches, new foreign key NOT "
            "VALID, validate, swap.",
            relations=(change.relation, *others),
            severity=Severity.WARNING,
            lasting=[lock for lock in moment.locks_on_live_tables(Work.SCAN) if lock.relation in others],
        )


def _partners(moment: Moment, change: ChangesColumnType) -> Iterator[Relation]:
    table = moment.before.find(change.relation)
    for constraint in table.constraints_on(change.column) if table else ():
        if constraint.kind is ConstraintKind.FOREIGN_KEY and constraint.references not in {None, change.relation}:
            assert constraint.references is not None
            yield constraint.references
    for other, constraint in moment.before.foreign_keys_to(change.relation):
        if change.column in (constraint.referenced_columns or (change.column,)):
            yield other.relation
