"""TRUNCATE … CASCADE: tables that the statement does not name are emptied as well."""

from collections.abc import Iterator

from migrations_lint.model import Direction, Finding, RowChange
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def truncate_cascade_empties_other_tables(moment: Moment) -> Iterator[Finding]:
    """Names those that the history knows of; the server may know of more."""
    if moment.direction is Direction.DOWN:
        return
    emptied = [change for change in moment.all(RowChange) if change.command == "TRUNCATE" and change.cascade]
    named = [change.relation for change in emptied if not change.along and moment.is_live(change.relation)]
    along = [change.relation for change in emptied if change.along and moment.is_live(change.relation)]
    if not named:
        return
    what = ", ".join(map(moment.sized, along)) or "every table with a foreign key here that the file does not name"
    yield moment.finding(
        f"{what} {'is' if len(along) < 2 else 'are'} emptied along with {named[0]}, while reads and writes of all of "
        "them wait",
        help="Name the tables that are meant, and leave out CASCADE.",
        relations=(*named, *along),
    )
