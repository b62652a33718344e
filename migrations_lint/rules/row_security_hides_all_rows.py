"""ENABLE ROW LEVEL SECURITY on a table in use that has no policy which lets anybody through."""

from collections.abc import Iterator

from migrations_lint.model import Finding, SetsRowSecurity, Severity
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def row_security_hides_all_rows(release: Release) -> Iterator[Finding]:
    """Policies that later migrations add count, and unreadable code may add some. On a new table it may be meant."""
    for checked, statement in release.statements(SetsRowSecurity):
        for change in statement.all(SetsRowSecurity):
            table = release.after.find(change.relation)
            if not change.enabled or table is None or not table.row_security or not table.complete:
                continue
            if any(policy.permissive for policy in table.policies.values()):
                continue
            new = change.relation in release.new
            yield release.finding(
                checked,
                statement,
                f"{change.relation} has row level security and no policy that lets a row through: to everybody but its "
                "owner "
                "it is empty from here on",
                help=f"CREATE POLICY … ON {change.relation} USING (tenant_id = current_setting('app.tenant')::bigint), "
                "before "
                "this and in the same transaction.",
                relations=(change.relation,),
                severity=Severity.NOTE if new else Severity.WARNING,
            )
