"""An UPDATE that writes a whole table's large values anew."""

from collections.abc import Iterator

from migrations_lint.model import Finding, RowChange, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import opt_in, rule

_LARGE = frozenset({"jsonb", "json", "bytea", "xml", "tsvector"})


@opt_in
@rule
def backfill_bloats_large_values(moment: Moment) -> Iterator[Finding]:
    """Values over two kilobytes live in a table of their own (TOAST), of which each change leaves a dead copy."""
    for change in moment.all(RowChange):
        table = moment.before.find(change.relation)
        if change.command != "UPDATE" or table is None or not moment.is_live(change.relation):
            continue
        columns = [table.columns[name] for name in change.columns or () if name in table.columns]
        large = [column.name for column in columns if column.type.removesuffix("[]") in _LARGE]
        if large:
            yield moment.finding(
                f"each {large[0]} of {change.relation} that this changes is stored a second time until vacuum has come "
                "by",
                help="Go through the key in batches, with time for vacuum in between.",
                relations=(change.relation,),
                severity=Severity.NOTE,
            )
