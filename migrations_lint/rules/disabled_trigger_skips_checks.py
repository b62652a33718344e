"""DISABLE TRIGGER that the same migration does not take back."""

from collections.abc import Iterator

from migrations_lint.model import CheckedMigration, CheckedStatement, Finding, Severity, SwitchesTrigger
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def disabled_trigger_skips_checks(release: Release) -> Iterator[Finding]:
    """ALL includes the triggers that check foreign keys: rows that came in meanwhile are never checked."""
    for checked, statement in release.statements(SwitchesTrigger):
        for switched in statement.all(SwitchesTrigger):
            if switched.enabled or switched.relation in release.new:
                continue
            if release.settings.is_audit(switched.name or "") or _enabled_again(checked, statement, switched):
                continue
            what = f"trigger {switched.name}" if switched.name else "its triggers"
            checks = ", nor are its foreign keys checked" if switched.internal else ""
            yield release.finding(
                checked,
                statement,
                f"{what} of {switched.relation} stay off after this migration, for everybody{checks}",
                help=f"ALTER TABLE {switched.relation} ENABLE TRIGGER {switched.name or 'ALL'} at the end of the "
                "transaction; or "
                "SET LOCAL session_replication_role = replica, which is for this session alone.",
                relations=(switched.relation,),
                severity=Severity.ERROR if switched.internal else Severity.WARNING,
            )


def _enabled_again(checked: CheckedMigration, statement: CheckedStatement, switched: SwitchesTrigger) -> bool:
    later = checked.statements[checked.statements.index(statement) + 1 :]
    return any(
        again.enabled and again.relation == switched.relation and again.name in {None, switched.name}
        for one in later
        if one.direction is statement.direction
        for again in one.all(SwitchesTrigger)
    )
