"""REFRESH MATERIALIZED VIEW without CONCURRENTLY: readers wait for the whole query."""

from collections.abc import Iterator

from migrations_lint.model import Finding, RefreshesView, Work
from migrations_lint.moment import Moment
from migrations_lint.recipes import refresh_concurrently
from migrations_lint.rules import rule


@rule
def refresh_blocks_reads(moment: Moment) -> Iterator[Finding]:
    """WITH NO DATA empties the view at once; a view that this migration has made is read by nobody yet."""
    for refresh in moment.all(RefreshesView):
        if refresh.concurrently or not refresh.with_data or not moment.is_live(refresh.relation):
            continue
        view = moment.before.find(refresh.relation)
        unique = view is not None and any(index.unique and not index.predicate for index in view.indexes)
        first = (
            "" if unique else f"CREATE UNIQUE INDEX on columns that tell the rows of {refresh.relation} apart, then "
        )
        yield moment.finding(
            f"readers of {refresh.relation} wait until its whole query has run",
            help=f"{first}REFRESH MATERIALIZED VIEW CONCURRENTLY {refresh.relation}, better in a job than in a "
            "migration.",
            relations=(refresh.relation,),
            fix=refresh_concurrently(moment, refresh),
            lasting=moment.locks_on_live_tables(Work.SCAN),
        )
