"""Another default for a column that the running release writes."""

from collections.abc import Iterator

from migrations_lint.model import AddsColumn, Finding, SetsDefault, Severity
from migrations_lint.release import Release
from migrations_lint.rules import opt_in, release_rule


@opt_in
@release_rule
def default_change_splits_releases(release: Release) -> Iterator[Finding]:
    """For columns that are older than the release, and for defaults that are set, not dropped."""
    if not release.has(SetsDefault):
        return
    added = {(a.relation, a.column.name) for _, s in release.statements(AddsColumn) for a in s.all(AddsColumn)}
    for checked, statement in release.statements(SetsDefault):
        for change in statement.all(SetsDefault):
            is_old = change.relation not in release.new and (change.relation, change.column) not in added
            if change.default is None or not is_old:
                continue
            yield release.finding(
                checked,
                statement,
                f"new rows of {change.relation} get {change.default} for {change.column} from here on, also those that "
                "the running release inserts; old rows keep what they have",
                help="If the two releases must not differ, let the new code write the value itself, and set the "
                "default once the old code is gone.",
                relations=(change.relation,),
                severity=Severity.NOTE,
            )
