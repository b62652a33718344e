"""A new enum label used by the transaction that has added it."""

from collections.abc import Iterator

from migrations_lint.facts.mentions import literals_of
from migrations_lint.model import AddsColumn, AddsEnumValue, CheckedStatement, CreatesType, Direction, Finding, Severity
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def enum_value_used_before_commit(release: Release) -> Iterator[Finding]:
    """PostgreSQL refuses it ("unsafe use of new value", 55P04) unless the type itself is as new as its label."""
    if not release.has(AddsEnumValue):
        return
    added: dict[tuple[str, int], list[AddsEnumValue]] = {}
    made: set[tuple[str, int, str]] = set()
    for direction in Direction:
        for checked, statement in release.statements(direction=direction):
            if statement.transaction is None:
                continue
            place = (f"{checked.migration.id} {direction.value}", statement.transaction)
            for value in added.get(place, ()):
                if (*place, value.type) not in made and _uses(release, statement, value):
                    yield release.finding(
                        checked,
                        statement,
                        f"fails: {value.label!r} was added to {value.type} by this same transaction, and cannot be "
                        "used "
                        "before its commit",
                        help=f"Move ALTER TYPE {value.type} ADD VALUE '{value.label}' to a migration before this one.",
                        severity=Severity.ERROR,
                    )
            made |= {(*place, fact.type.name) for fact in statement.all(CreatesType)}
            added.setdefault(place, []).extend(statement.all(AddsEnumValue))


def _uses(release: Release, statement: CheckedStatement, value: AddsEnumValue) -> bool:
    if value.label not in literals_of(statement.statement) or any(True for _ in statement.all(AddsEnumValue)):
        return False
    users = {table.relation for table, _ in release.after.users_of_type(value.type)}
    adds = any(added.column.type.removesuffix("[]") == value.type for added in statement.all(AddsColumn))
    return adds or any(lock.relation in users for lock in statement.locks)
