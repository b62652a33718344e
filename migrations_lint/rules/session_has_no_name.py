"""A migration's session that pg_stat_activity shows under no name of its own."""

from collections.abc import Iterator

from migrations_lint.model import Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import opt_in, rule


@opt_in
@rule
def session_has_no_name(moment: Moment) -> Iterator[Finding]:
    """Once per transaction, at the first lock for which others may wait."""
    first = moment.first_blocking_lock()
    if first is not None and moment.session.parameter("application_name") is None:
        yield moment.finding(
            f"who waits for {first.relation} cannot see by its name that a migration is in the way: no "
            "application_name",
            help=f"SET application_name = 'migration {moment.migration.id}', or give it in the runner's URL.",
            relations=(first.relation,),
            severity=Severity.NOTE,
        )
