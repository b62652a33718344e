"""An index over more than three columns."""

from collections.abc import Iterator

from migrations_lint.model import CreatesIndex, Direction, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import opt_in, rule

_MANY = 3


@opt_in
@rule
def wide_index_slows_writes(moment: Moment) -> Iterator[Finding]:
    """A unique one is as wide as what it keeps apart."""
    if moment.direction is Direction.DOWN:
        return
    for index in moment.all(CreatesIndex):
        if len(index.columns) > _MANY and not index.unique:
            yield moment.finding(
                f"every write to {index.relation} also writes {index.index.name}, which is {len(index.columns)} "
                "columns wide",
                help="Begin with the columns that narrow the result most, and leave out those that no longer do.",
                relations=(index.relation,),
                severity=Severity.NOTE,
            )
