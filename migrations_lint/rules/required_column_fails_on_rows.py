"""ADD COLUMN … NOT NULL without a default: fails as soon as the table has a row."""

from collections.abc import Iterator

from migrations_lint.model import AddsColumn, Finding
from migrations_lint.moment import Moment
from migrations_lint.rules import rule
from migrations_lint.snapshot import EMPTY


@rule
def required_column_fails_on_rows(moment: Moment) -> Iterator[Finding]:
    """Identity and generated columns fill themselves."""
    for added in moment.all(AddsColumn):
        column = added.column
        fills_itself = column.default is not None or column.identity or column.generated is not None
        if column.not_null and not fills_itself and moment.is_live(added.relation):
            size = moment.size_of(added.relation)
            if size == EMPTY:
                continue
            yield moment.finding(
                f"fails if {moment.sized(added.relation)} has a row: {column.name} is NOT NULL and has no default",
                help="Give it a default, or add it nullable, fill it in batches, and make it NOT NULL later.",
                relations=(added.relation,),
            )
