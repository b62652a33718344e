"""DISABLE or NO FORCE ROW LEVEL SECURITY on a table in use."""

from collections.abc import Iterator

from migrations_lint.model import Direction, Finding, SetsRowSecurity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def row_security_switched_off(moment: Moment) -> Iterator[Finding]:
    """Taking back in a down script what the way up switched on is left alone."""
    if moment.direction is Direction.DOWN:
        return
    for change in moment.all(SetsRowSecurity):
        if not moment.is_live(change.relation):
            continue
        if change.enabled is False:
            yield moment.finding(
                f"every role that may read {change.relation} reads the rows of all tenants from here on: its policies "
                "are off",
                help="Change the policy that is in the way instead (ALTER POLICY); give a job that needs all rows a "
                "role with "
                "BYPASSRLS.",
                relations=(change.relation,),
            )
        elif change.forced is False:
            yield moment.finding(
                f"whoever connects as the owner of {change.relation} reads the rows of all tenants from here on",
                help="Leave FORCE on, and give a job that needs all rows a role with BYPASSRLS.",
                relations=(change.relation,),
            )
