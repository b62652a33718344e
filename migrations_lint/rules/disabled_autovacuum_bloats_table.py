"""autovacuum switched off for a table, and not on again by the same release."""

from collections.abc import Iterator

from migrations_lint.model import Finding, SetsStorageParameter
from migrations_lint.release import Release
from migrations_lint.rules import release_rule

_OFF = frozenset({"false", "off", "no", "0"})
_NAME = "autovacuum_enabled"


@release_rule
def disabled_autovacuum_bloats_table(release: Release) -> Iterator[Finding]:
    """What the table says once the whole history has run decides."""
    for checked, statement in release.statements(SetsStorageParameter):
        for setting in statement.all(SetsStorageParameter):
            if setting.name != _NAME or (setting.value or "").lower() not in _OFF:
                continue
            table = release.after.find(setting.relation)
            if table is not None and table.parameters.get(_NAME, "true").lower() not in _OFF:
                continue
            yield release.finding(
                checked,
                statement,
                f"dead rows of {setting.relation} are never cleared away from here on, and its statistics grow stale",
                help=f"ALTER TABLE {setting.relation} RESET ({_NAME}) when the work is done; to tune it, set its scale "
                "factors.",
                relations=(setting.relation,),
            )
