"""A policy that lets everyone through, or one taken away or changed on a table in use."""

from collections.abc import Iterator

from migrations_lint.model import (
    ChangesPolicy,
    CheckedMigration,
    CheckedStatement,
    CreatesPolicy,
    Direction,
    DropsObject,
    DropsRelation,
    Finding,
    ObjectKind,
    Policy,
    Relation,
    Severity,
)
from migrations_lint.release import Release
from migrations_lint.rules import release_rule

_Change = tuple[CheckedMigration, CheckedStatement, str, str]


@release_rule
def row_security_changes_access(release: Release) -> Iterator[Finding]:
    """Who may read what is for a person to review; the commonest slip, USING (true), is a warning."""
    changes: dict[tuple[str, Relation], list[_Change]] = {}
    for checked, statement in release.statements(CreatesPolicy, ChangesPolicy, DropsObject):
        for made in statement.all(CreatesPolicy):
            if _lets_all_through(made.policy):
                roles = ", ".join(made.policy.roles)
                yield release.finding(
                    checked,
                    statement,
                    f"policy {made.policy.name} lets {roles} through to every row of {made.relation}, whatever other "
                    "policies say: permissive policies add up",
                    help="Name the tenant in USING; or AS RESTRICTIVE, where it is meant to narrow others; or name the "
                    "one role that may see all rows after TO.",
                    relations=(made.relation,),
                    severity=Severity.WARNING if "public" in made.policy.roles else Severity.NOTE,
                )
        for relation, name, what in _changed(checked, statement.all(ChangesPolicy), statement.all(DropsObject)):
            if relation not in release.new:
                changes.setdefault((checked.migration.id, relation), []).append((checked, statement, name, what))
    for (_, relation), told in changes.items():
        yield _changed_policies(release, relation, told)


def _changed_policies(release: Release, relation: Relation, told: list[_Change]) -> Finding:
    """Once a migration and table, at the first of them."""
    checked, statement, _, _ = told[0]
    policies = ", ".join(f"{name} ({what})" for _, _, name, what in told)
    return release.finding(
        checked,
        statement,
        f"who sees which rows of {relation} changes at once, for the running release too: policies {policies}",
        help="Have it reviewed by whoever answers for access, with a query as each role before and after.",
        relations=(relation,),
        severity=Severity.NOTE,
    )


def _lets_all_through(policy: Policy) -> bool:
    return policy.permissive and "true" in {
        (policy.using or "").strip("()").lower(),
        (policy.check or "").strip("()").lower(),
    }


def _changed(
    checked: CheckedMigration, altered: Iterator[ChangesPolicy], dropped: Iterator[DropsObject]
) -> Iterator[tuple[Relation, str, str]]:
    for change in altered:
        yield change.relation, change.name, "changed"
    policies = [one for one in dropped if one.kind is ObjectKind.POLICY and one.on is not None]
    if not policies:
        return
    up = [statement for statement in checked.statements if statement.direction is Direction.UP]
    kept = {made.relation for statement in up for made in statement.all(CreatesPolicy)}
    gone = {table.relation for statement in up for table in statement.all(DropsRelation)}
    for policy in policies:
        if policy.on is not None and policy.on not in gone:
            yield policy.on, policy.name, "replaced" if policy.on in kept else "gone"
