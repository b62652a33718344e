"""SET LOGGED, SET TABLESPACE or SET ACCESS METHOD of a table in use: it is copied under ACCESS EXCLUSIVE."""

from collections.abc import Iterator

from migrations_lint.model import Finding, SetsTableProperty, TableProperty, Work
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_COPIED = frozenset({TableProperty.LOGGED, TableProperty.TABLESPACE, TableProperty.ACCESS_METHOD})


@rule
def storage_change_rewrites_table(moment: Moment) -> Iterator[Finding]:
    """Silent where the facts say that it is so already."""
    copied = list(moment.locks_on_live_tables(Work.REWRITE))
    for change in moment.all(SetsTableProperty):
        if change.property not in _COPIED or not copied or not moment.is_live(change.relation):
            continue
        log = ", and all of it goes through the write-ahead log" if change.value == "yes" else ""
        yield moment.finding(
            f"reads and writes of {change.relation} wait while it is copied to another {_what(change)}{log}",
            help="Make a new table as it should be, copy in batches, keep it in step with a trigger, and swap the "
            "names.",
            relations=(change.relation,),
            lasting=copied,
        )


def _what(change: SetsTableProperty) -> str:
    if change.property is TableProperty.LOGGED:
        return "place as LOGGED" if change.value == "yes" else "place as UNLOGGED"
    return str(change.property.value)
