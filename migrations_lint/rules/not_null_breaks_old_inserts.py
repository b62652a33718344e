"""SET NOT NULL in the release that adds the column."""

from collections.abc import Iterator

from migrations_lint.model import AddsColumn, Finding, Relation, SetsDefault, SetsIdentity, SetsNotNull, Severity
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def not_null_breaks_old_inserts(release: Release) -> Iterator[Finding]:
    """The running release does not know the column, so that only a default could fill it."""
    if not release.has(SetsNotNull):
        return
    unfilled: set[tuple[Relation, str]] = set()
    for checked, statement in release.statements(AddsColumn, SetsDefault, SetsIdentity, SetsNotNull):
        for added in statement.all(AddsColumn):
            column = added.column
            if column.default is None and not column.identity and column.generated is None:
                unfilled.add((added.relation, column.name))
        for default in statement.all(SetsDefault):
            if default.default is not None:
                unfilled.discard((default.relation, default.column))
        for identity in statement.all(SetsIdentity):
            unfilled.discard((identity.relation, identity.column))
        for change in statement.all(SetsNotNull):
            if change.required and (change.relation, change.column) in unfilled and change.relation not in release.new:
                yield release.finding(
                    checked,
                    statement,
                    f"inserts into {change.relation} by the running release fail from here on: it does not know "
                    f"{change.column}, which this release adds and which has no default",
                    help=f"Give {change.column} a default, or make it NOT NULL one release later.",
                    relations=(change.relation,),
                    severity=Severity.ERROR,
                )
