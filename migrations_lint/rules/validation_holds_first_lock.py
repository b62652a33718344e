"""NOT VALID and VALIDATE in one transaction: the strong lock of the first is held through the scan of the second."""

from collections.abc import Iterator

from migrations_lint.model import Finding, LockFact, ValidatesConstraint, Work
from migrations_lint.moment import Moment
from migrations_lint.recipes import in_later_transaction
from migrations_lint.rules import rule
from migrations_lint.severity import what_waits


@rule
def validation_holds_first_lock(moment: Moment) -> Iterator[Finding]:
    """VALIDATE is gentle only where nothing stronger is held already."""
    for validation in moment.all(ValidatesConstraint):
        held = [lock for lock in moment.held if lock.relation == validation.relation and lock.mode.blocks_writes]
        if held and moment.is_live(validation.relation):
            strongest: LockFact = max(held, key=lambda lock: lock.mode.rank)
            yield moment.finding(
                f"{what_waits(strongest.mode)} of {validation.relation} wait while {validation.name} is validated: "
                f"this transaction still holds {strongest.mode.value}",
                help="Validate in a later migration, so that the first one's lock is gone.",
                fix=in_later_transaction(moment),
                relations=(validation.relation,),
                lasting=[lock for lock in moment.all(LockFact) if lock.work is Work.SCAN],
            )
