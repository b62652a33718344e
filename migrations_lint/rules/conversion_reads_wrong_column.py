"""ALTER COLUMN … TYPE … USING an expression that does not mention the column."""

import re
from collections.abc import Iterator

from migrations_lint.model import ChangesColumnType, Direction, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def conversion_reads_wrong_column(moment: Moment) -> Iterator[Finding]:
    """Silent for constants that are NULL: those say that the old values are not wanted."""
    if moment.direction is Direction.DOWN:
        return
    for change in moment.all_on_live(ChangesColumnType):
        named = change.using is None or re.search(rf"(?<!\w){re.escape(change.column)}(?!\w)", change.using)
        if named or change.using == "NULL":
            continue
        yield moment.finding(
            f"every value of {change.relation}.{change.column} is replaced by {change.using}, which does not read it",
            help=f"Name {change.column} in USING, or drop it and add a new column, if its values are not wanted.",
            relations=(change.relation,),
            severity=Severity.WARNING,
        )
