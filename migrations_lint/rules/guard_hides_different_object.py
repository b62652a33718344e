"""IF NOT EXISTS over something of that name which is not what the statement would have made."""

from collections.abc import Iterator

from migrations_lint.model import Direction, Finding, FindsInPlace, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def guard_hides_different_object(moment: Moment) -> Iterator[Finding]:
    """Silent on the way down, and where what is there is just what is wanted."""
    if moment.direction is Direction.DOWN:
        return
    for found in moment.all(FindsInPlace):
        if found.differs:
            yield moment.finding(
                f"nothing is made here: {found.what} exists, and is another one: {'; '.join(found.differs)}",
                help="Write the change that is missing (ALTER …), or give the new one another name; IF NOT EXISTS "
                "compares "
                "names and nothing else.",
                relations=(found.relation,),
                severity=Severity.WARNING,
            )
