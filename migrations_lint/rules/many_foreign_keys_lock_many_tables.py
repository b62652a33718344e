"""Foreign keys to several tables in use, in one transaction."""

from collections.abc import Iterator

from migrations_lint.model import CheckedStatement, Direction, Finding, Relation, Severity, declared_constraints
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def many_foreign_keys_lock_many_tables(release: Release) -> Iterator[Finding]:
    """Said once a transaction, where the second table is locked."""
    for checked in release.migrations:
        held: dict[int | None, list[Relation]] = {}
        for statement in checked.statements:
            if statement.direction is Direction.DOWN or statement.transaction is None:
                continue
            tables = held.setdefault(statement.transaction, [])
            before = len(tables)
            tables += [one for one in _referenced(statement) if one not in release.new and one not in tables]
            if before < 2 <= len(tables):
                yield release.finding(
                    checked,
                    statement,
                    f"writes to {tables[0]} and to {tables[1]} wait until this transaction ends; the running "
                    "application may lock them in the other order, and one of the two is then cancelled as a deadlock",
                    help="One foreign key a migration, or a lock_timeout and another try.",
                    relations=tuple(tables),
                    severity=Severity.NOTE,
                )


def _referenced(statement: CheckedStatement) -> list[Relation]:
    found = (key.references for _, key in declared_constraints(statement.facts))
    return list(dict.fromkeys(relation for relation in found if relation is not None))
