"""REFRESH … CONCURRENTLY of a view that has no unique index over all its rows: PostgreSQL refuses it."""

from collections.abc import Iterator

from migrations_lint.model import Finding, RefreshesView
from migrations_lint.moment import Moment
from migrations_lint.rules import rule
from migrations_lint.snapshot import Index


@rule
def concurrent_refresh_lacks_unique_index(moment: Moment) -> Iterator[Finding]:
    """Only where the history made the view, so that all its indexes are known."""
    for refresh in moment.all(RefreshesView):
        view = moment.before.find(refresh.relation)
        if refresh.concurrently and view is not None and view.certain and not any(map(_serves, view.indexes)):
            yield moment.finding(
                f"fails: {refresh.relation} has no unique index on plain columns without a WHERE, which CONCURRENTLY "
                "needs",
                help=f"First CREATE UNIQUE INDEX … ON {refresh.relation} (…), on columns that tell its rows apart.",
                relations=(refresh.relation,),
            )


def _serves(index: Index) -> bool:
    """REFRESH MATERIALIZED VIEW, PostgreSQL 18: "at least one UNIQUE index … which uses only column names"."""
    return index.unique and index.predicate is None and not any(column.startswith("(") for column in index.columns)
