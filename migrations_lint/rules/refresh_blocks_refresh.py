"""REFRESH MATERIALIZED VIEW CONCURRENTLY in a migration: scheduled refreshes queue behind it."""

from collections.abc import Iterator

from migrations_lint.model import Finding, RefreshesView, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import opt_in, rule


@opt_in
@rule
def refresh_blocks_refresh(moment: Moment) -> Iterator[Finding]:
    """EXCLUSIVE lets readers through and nothing else."""
    for refresh in moment.all(RefreshesView):
        if refresh.concurrently and moment.is_live(refresh.relation):
            yield moment.finding(
                f"other refreshes of {refresh.relation} wait until this one is done",
                help="Leave refreshing to the job that does it.",
                relations=(refresh.relation,),
                severity=Severity.NOTE,
            )
