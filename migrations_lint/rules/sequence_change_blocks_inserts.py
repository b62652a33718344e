"""ALTER SEQUENCE on one that is in use."""

from collections.abc import Iterator

from migrations_lint.dialect import spelled
from migrations_lint.model import ChangesSequence, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def sequence_change_blocks_inserts(moment: Moment) -> Iterator[Finding]:
    """nextval takes ROW EXCLUSIVE, which SHARE ROW EXCLUSIVE keeps waiting until the commit."""
    for change in moment.all_on_live(ChangesSequence):
        locked = {lock.relation for lock in moment.locks_on_live_tables() if lock.mode.blocks_writes}
        if change.relation not in locked or set(change.options) <= {"owned_by"}:
            continue
        sequence = moment.before.find(change.relation)
        if sequence is not None and sequence.owned_by is not None and not moment.is_live(sequence.owned_by[0]):
            continue
        yield moment.finding(
            f"inserts that take a number from {change.relation} wait until this transaction ends",
            help=f"To move it, SELECT setval('{spelled(change.relation)}', …), which nobody waits for; otherwise "
            "alone in its transaction, with a lock_timeout.",
            relations=(change.relation,),
            severity=Severity.WARNING,
        )
