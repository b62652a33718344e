"""A lock that others queue behind, asked for with no lock_timeout in force."""

from collections.abc import Iterator

from migrations_lint.model import Finding, NeedsNoTransaction, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def lock_waits_without_timeout(moment: Moment) -> Iterator[Finding]:
    """Once per transaction and table: the first such lock. CONCURRENTLY waits without blocking, so it may wait."""
    if moment.lock_timeout is not None or moment.settings.timeout_set_by_runner:
        return
    if any(True for _ in moment.all(NeedsNoTransaction)):
        return
    already = {lock.relation for lock in moment.held if lock.mode.blocks_writes}
    waited_for = [lock for lock in moment.locks_on_live_tables() if lock.mode.blocks_writes]
    first = next((lock for lock in waited_for if lock.relation not in already), None)
    if first is not None and not already:
        yield moment.finding(
            f"asks for {first.mode.value} on {first.relation} with no lock_timeout: while it waits for one long "
            "query, everyone else waits behind it",
            help="SET LOCAL lock_timeout = '2s' first (`gatekeeper inject` writes it), and try again when it fires.",
            relations=(first.relation,),
            severity=Severity.WARNING,
        )
