"""ADD FOREIGN KEY … NOT VALID on a partitioned table, which PostgreSQL refuses before 18."""

from collections.abc import Iterator

from migrations_lint.model import AddsConstraint, ConstraintKind, Finding, RelationKind
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_SINCE = 18


@rule
def not_valid_fails_on_partitioned(moment: Moment) -> Iterator[Finding]:
    """Only where the table that refers is the partitioned one."""
    if moment.settings.server_version >= _SINCE:
        return
    for added in moment.all(AddsConstraint):
        key = added.constraint
        partitioned = moment.kind_of(added.relation) is RelationKind.PARTITIONED_TABLE
        if key.kind is ConstraintKind.FOREIGN_KEY and not key.valid and partitioned:
            yield moment.finding(
                f"PostgreSQL {moment.settings.server_version} refuses NOT VALID on the partitioned table "
                f"{added.relation}",
                help="Add the foreign key NOT VALID to each partition and validate it there; then add it to "
                f"{added.relation}, which takes over theirs without a scan.",
                relations=(added.relation,),
            )
