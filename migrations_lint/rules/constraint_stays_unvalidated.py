"""NOT VALID, and nothing in the history that validates it."""

from collections.abc import Iterator

from migrations_lint.dialect import dialect_of
from migrations_lint.model import AddsConstraint, Finding, Severity
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def constraint_stays_unvalidated(release: Release) -> Iterator[Finding]:
    """A note, since the next migration may be about to do it."""
    for checked, statement in release.statements(AddsConstraint):
        for added in statement.all(AddsConstraint):
            table = release.after.find(added.relation)
            constraint = table.constraints.get(added.constraint.name) if table is not None else None
            if added.constraint.valid or constraint is None or constraint.valid or not constraint.enforced:
                continue
            sql = dialect_of(checked.migration.tool).validate(added.relation, constraint.name)
            yield release.finding(
                checked,
                statement,
                f"rows of {added.relation} that were there before {constraint.name} are not held to it, and the "
                "planner does not use it, until a later migration validates it",
                help=f"In the next one: {sql}.",
                relations=(added.relation,),
                severity=Severity.NOTE,
            )
