"""What the linter has to say: findings at their places, and the facts they rest on."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from migrations_lint.model.fact import Fact, LockFact
from migrations_lint.model.fix import Fix
from migrations_lint.model.migration import Direction, Migration, Position, Problem, Statement
from migrations_lint.model.relation import Relation

F = TypeVar("F")


class Severity(Enum):
    """How much a finding matters, least first."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for note, 2 for error."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One harm at one place. `message` says what happens and to whom, `help` the way out.

    `expected_seconds` is how long the harm lasts in production, where a snapshot of it tells.
    """

    rule: str
    severity: Severity
    message: str
    help: str
    path: Path
    begins: Position
    ends: Position
    relations: tuple[Relation, ...] = ()
    fix: Fix | None = None
    suppressed: str | None = None
    baseline: bool = False
    fingerprint: str = ""
    expected_seconds: float | None = None


def fingerprint(rule: str, migration: Migration, direction: Direction, sql: str) -> str:
    """The same for the same statement of the same migration, wherever its lines have moved.

    Neither the message is part of it, whose words change, nor the path, under which a checkout may lie anywhere; two
    findings of one rule on one statement share it.
    """
    parts = (rule, migration.tool, migration.id, direction.value, " ".join(sql.split()))
    return hashlib.sha256("\0".join(parts).encode("utf-8", errors="replace")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Suppression:
    """A comment to us, such as `gatekeeper: allow RULE because …`: its place, what it says, and what came of it.

    `text` is all of it after the colon; `rules` is empty where that could not be understood. `used` are the rules of
    which it has accepted a finding, `asked` those that were run, `known` all that there are.
    """

    migration: Migration
    path: Path
    begins: Position
    ends: Position
    text: str
    rules: tuple[str, ...]
    reason: str
    used: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    rule: str = ""

    def finding(self, message: str, *, help: str) -> Finding:  # noqa: A002 - the word of the interface
        """A finding at the comment."""
        return Finding(
            self.rule,
            Severity.WARNING,
            message,
            help,
            self.path,
            self.begins,
            self.ends,
            fingerprint=fingerprint(self.rule, self.migration, Direction.UP, self.text),
        )


@dataclass(frozen=True, slots=True)
class CheckedStatement:
    """A statement with its facts; `transaction` numbers the script's transactions, None is outside."""

    statement: Statement
    direction: Direction
    transaction: int | None
    facts: tuple[Fact, ...]
    _by_kind: dict[type, tuple[Any, ...]] = field(default_factory=dict, repr=False, compare=False)

    def all(self, kind: type[F]) -> Iterator[F]:
        """The facts of one kind."""
        found = self._by_kind.get(kind)
        if found is None:
            found = self._by_kind[kind] = tuple(fact for fact in self.facts if isinstance(fact, kind))
        return iter(found)

    def has(self, *kinds: type) -> bool:
        """Whether there is a fact of one of these kinds."""
        return any(isinstance(fact, kinds) for fact in self.facts)

    @property
    def locks(self) -> tuple[LockFact, ...]:
        """The locks that it takes."""
        return tuple(self.all(LockFact))


@dataclass(frozen=True, slots=True)
class CheckedMigration:
    """A migration after the linter has been through it.

    `not_undone` says how the known schema differs after the way up and the way down from what it was before, in words;
    it is empty where anything about either is unknown.
    """

    migration: Migration
    statements: tuple[CheckedStatement, ...]
    problems: tuple[Problem, ...] = ()
    not_undone: tuple[str, ...] = ()

    def names(self, word: str) -> bool:
        """Whether the word stands anywhere in its files: for what a program does by itself, in its own language."""
        sources = {fragment.source for _, script in self.migration.scripts() for fragment in script.fragments}
        return any(word in source.text for source in sources)

    @property
    def last_down(self) -> CheckedStatement | None:
        """The last statement of the way down."""
        return next((one for one in reversed(self.statements) if one.direction is Direction.DOWN), None)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything one run found. `unread` are files of which no migration could be made."""

    migrations: tuple[CheckedMigration, ...]
    findings: tuple[Finding, ...]
    server_version: int
    seconds: float = 0.0
    unread: tuple[Problem, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Whatever could not be read: whole files, and places in migrations."""
        return self.unread + tuple(problem for checked in self.migrations for problem in checked.problems)

    def standing(self) -> tuple[Finding, ...]:
        """The findings that neither a reasoned comment nor the baseline has accepted."""
        return tuple(f for f in self.findings if f.suppressed is None and not f.baseline)

    def reaches(self, threshold: Severity) -> bool:
        """Whether a standing finding is at or above the threshold."""
        return any(finding.severity.rank >= threshold.rank for finding in self.standing())
