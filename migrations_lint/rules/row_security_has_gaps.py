"""Row level security that does not hold the table's owner, or whose policies leave a command without one."""

from collections.abc import Iterator

from migrations_lint.model import CreatesPolicy, Finding, Relation, SetsRowSecurity, Severity
from migrations_lint.release import Release
from migrations_lint.rules import release_rule
from migrations_lint.snapshot import Table

_COMMANDS = ("SELECT", "INSERT", "UPDATE", "DELETE")


@release_rule
def row_security_has_gaps(release: Release) -> Iterator[Finding]:
    """Once a table, by how it stands when the whole history has run."""
    said: set[Relation] = set()
    for checked, statement in release.statements(SetsRowSecurity, CreatesPolicy):
        touched = [change.relation for change in statement.all(SetsRowSecurity) if change.enabled]
        touched += [made.relation for made in statement.all(CreatesPolicy)]
        for relation in touched:
            table = release.after.find(relation)
            known = table is not None and table.row_security and table.complete
            if table is None or not known or relation in said or not table.policies:
                continue
            said.add(relation)
            gaps = [*_unheld(table), *_uncovered(table)]
            if gaps:
                yield release.finding(
                    checked,
                    statement,
                    f"{relation}: {'; '.join(gaps)}",
                    help=f"ALTER TABLE {relation} FORCE ROW LEVEL SECURITY where the application owns its tables; a "
                    "policy FOR ALL "
                    "covers every command, and its USING is also the check of new rows.",
                    relations=(relation,),
                    severity=Severity.NOTE,
                )


def _unheld(table: Table) -> Iterator[str]:
    if not table.row_security_forced:
        yield "its policies do not hold whoever connects as the table's owner"


def _uncovered(table: Table) -> Iterator[str]:
    permissive = [policy for policy in table.policies.values() if policy.permissive]
    covered = {policy.command for policy in permissive}
    missing = [command for command in _COMMANDS if command not in covered]
    if permissive and "ALL" not in covered and missing:
        yield f"no policy lets {' or '.join(missing)} through"
