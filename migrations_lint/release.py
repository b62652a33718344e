"""Migrations that go out together. This is all that a rule about several statements or files may look at.

A release is what was selected of a history (with `--since`, or by naming files); where all of it was, each migration
counts as a release of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from migrations_lint.model import (
    CheckedMigration,
    CheckedStatement,
    CreatesRelation,
    Direction,
    Finding,
    Position,
    Relation,
    Severity,
    fingerprint,
)
from migrations_lint.settings import LintSettings
from migrations_lint.snapshot import SchemaSnapshot


@dataclass(frozen=True, slots=True)
class Release:
    """Checked migrations in the order in which they run, and the schema `after` the whole history has run."""

    migrations: tuple[CheckedMigration, ...]
    after: SchemaSnapshot
    settings: LintSettings
    rule: str = ""

    def statements(self, direction: Direction = Direction.UP) -> Iterator[tuple[CheckedMigration, CheckedStatement]]:
        """Every statement of one direction, with its migration."""
        for checked in self.migrations:
            yield from ((checked, statement) for statement in checked.statements if statement.direction is direction)

    @property
    def new(self) -> frozenset[Relation]:
        """The relations that the release makes, which no running code uses yet."""
        made = (fact for _, statement in self.statements() for fact in statement.all(CreatesRelation))
        return frozenset(fact.relation for fact in made if not fact.if_not_exists)

    def finding(
        self,
        checked: CheckedMigration,
        statement: CheckedStatement | None,
        message: str,
        *,
        help: str,  # noqa: A002 - the word of the interface
        relations: tuple[Relation, ...] = (),
        severity: Severity = Severity.WARNING,
    ) -> Finding:
        """A finding at a statement, or at the top of the migration's file where no statement is meant."""
        migration = checked.migration
        at = statement.statement if statement is not None else None
        direction = statement.direction if statement is not None else Direction.UP
        return Finding(
            rule=self.rule,
            severity=severity,
            message=message,
            help=help,
            path=at.fragment.source.path if at is not None else migration.path,
            begins=at.begins if at is not None else Position(1, 1),
            ends=at.ends if at is not None else Position(1, 1),
            relations=relations,
            fingerprint=fingerprint(self.rule, migration, direction, at.sql if at is not None else ""),
        )
