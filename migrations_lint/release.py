"""Migrations that go out together. This is all that a rule about several statements or files may look at.

A release is what was selected of a history (with `--since`, or by naming files); where all of it was, each migration
counts as a release of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from migrations_lint.code import TAKING_AWAY, Code, gone_in
from migrations_lint.impact import impact_of, sized, weighed
from migrations_lint.model import (
    AddsColumn,
    CheckedMigration,
    CheckedStatement,
    CreatesRelation,
    Direction,
    Finding,
    Fix,
    Gone,
    LockFact,
    Migration,
    Position,
    Relation,
    RenamesRelation,
    Severity,
    fingerprint,
)
from migrations_lint.session import made_by
from migrations_lint.settings import LintSettings
from migrations_lint.snapshot import EMPTY, TEMPORARY, SchemaSnapshot, Size


@dataclass(frozen=True)
class Past:
    """A whole history, the migrations of other releases too, and the schema `after` all of it has run.

    `production` is a snapshot of the database that the release will meet, where one was given.
    """

    migrations: tuple[Migration, ...]
    after: SchemaSnapshot
    production: SchemaSnapshot | None = None

    @cached_property
    def writes_ways_down(self) -> bool:
        """Whether most of the migrations that could have a way down have one that does something."""
        able = [migration for migration in self.migrations if migration.down_path is not None]
        return 2 * sum(has_way_down(migration) for migration in able) > len(able)


def has_way_down(migration: Migration) -> bool:
    """Whether there is a way down, and something in it."""
    return migration.down is not None and any(fragment.sql.strip() for fragment in migration.down.fragments)


@dataclass(frozen=True, slots=True)
class Release:
    """Checked migrations in the order in which they run, and the `past` that they belong to.

    `new` are the relations that this one makes, which no running code uses yet, under each name that they get; `code`
    is the text of the application, where it was given. `kinds` are those of all facts in it.
    """

    migrations: tuple[CheckedMigration, ...]
    past: Past
    settings: LintSettings
    new: frozenset[Relation]
    kinds: frozenset[type]
    code: Code = field(default_factory=Code)
    rule: str = ""

    @property
    def after(self) -> SchemaSnapshot:
        """The schema after the whole history has run."""
        return self.past.after

    @classmethod
    def of(cls, migrations: Sequence[CheckedMigration], past: Past, settings: LintSettings) -> "Release":
        """The release that these migrations of a history are."""
        made: set[Relation] = set()
        kinds = frozenset(type(fact) for one in migrations for statement in one.statements for fact in statement.facts)
        for checked in migrations:
            for statement in checked.statements:
                if statement.direction is Direction.UP:
                    made |= made_by(statement.facts)
                    made |= {fact.to for fact in statement.all(RenamesRelation) if fact.relation in made}
        return cls(tuple(migrations), past, settings, frozenset(made), kinds)

    def has(self, *kinds: type) -> bool:
        """Whether a statement of either direction has a fact of one of these kinds."""
        return any(issubclass(kind, kinds) for kind in self.kinds)

    def statements(
        self, *kinds: type, direction: Direction = Direction.UP
    ) -> Iterator[tuple[CheckedMigration, CheckedStatement]]:
        """Every statement of one direction, with its migration; with `kinds`, those that have a fact of one of them."""
        if kinds and not self.has(*kinds):
            return
        for checked in self.migrations:
            for statement in checked.statements:
                if statement.direction is direction and (not kinds or statement.has(*kinds)):
                    yield checked, statement

    def is_live(self, relation: Relation) -> bool:
        """Whether the relation is older than the release; temporary ones never are."""
        return relation not in self.new and relation.schema != TEMPORARY

    def size_of(self, relation: Relation) -> Size | None:
        """How large the relation is in production; None where no snapshot tells."""
        production = self.past.production
        if production is None:
            return None
        there = self.after.find(relation) or production.find(relation)
        known = there.size if there is not None and there.size is not None else None
        return EMPTY if known is None and relation in self.new else known

    def sized(self, relation: Relation) -> str:
        """The relation with its number of rows in production, where a snapshot tells."""
        return sized(relation, self.size_of(relation))

    def taken_away(self) -> Iterator[tuple[CheckedMigration, CheckedStatement, Gone]]:
        """Each name of a table or column in use that is not there any more when the whole history has run."""
        if not self.has(*TAKING_AWAY):
            return
        added: set[tuple[Relation, str | None]] = set()
        for checked, statement in self.statements(AddsColumn, *TAKING_AWAY):
            added |= {(one.relation, one.column.name) for one in statement.all(AddsColumn)}
            for gone in gone_in(statement.facts):
                table = self.after.find(gone.relation)
                is_there = table is not None and (gone.column is None or gone.column in table.columns)
                if self.is_live(gone.relation) and (gone.relation, gone.column) not in added and not is_there:
                    yield checked, statement, gone

    def finding(
        self,
        checked: CheckedMigration,
        statement: CheckedStatement | None,
        message: str,
        *,
        help: str,  # noqa: A002 - the word of the interface
        relations: tuple[Relation, ...] = (),
        severity: Severity = Severity.WARNING,
        fix: Fix | None = None,
        lasting: Iterable[LockFact] = (),
    ) -> Finding:
        """A finding at a statement, or at the top of the migration's file where no statement is meant.

        `lasting` are the locks whose work is the harm, as for `Moment.finding`.
        """
        impact = impact_of(((lock, self.size_of(lock.relation)) for lock in lasting), self.settings)
        if impact is not None:
            message, severity = f"{message}; it {impact}", weighed(severity, impact, self.settings)
        migration = checked.migration
        at = statement.statement if statement is not None else None
        first = next((one.statement for one in checked.statements if one.direction is Direction.UP), None)
        direction = statement.direction if statement is not None else Direction.UP
        return Finding(
            rule=self.rule,
            severity=severity,
            message=migration.said(message, at.fragment, direction) if at is not None else message,
            help=help,
            path=at.fragment.source.path if at is not None else migration.path,
            begins=at.begins if at is not None else Position(1, 1),
            # Up to the first statement, so that a comment above it may allow what is said of the whole file.
            ends=at.ends if at is not None else first.begins if first is not None else Position(1, 1),
            relations=relations,
            fix=fix,
            expected_seconds=None if impact is None else impact.seconds,
            fingerprint=fingerprint(self.rule, migration, direction, at.sql if at is not None else ""),
        )


def is_made_again(checked: CheckedMigration, at: CheckedStatement, name: Relation) -> bool:
    """Whether the transaction of a statement also gives something the name that it takes away.

    A view that keeps the old name of a table, most often; or a new table in the place of an old one.
    """
    same = [one for one in checked.statements if (one.direction, one.transaction) == (at.direction, at.transaction)]
    made = {fact.relation for one in same for fact in one.all(CreatesRelation)}
    made |= {fact.to for one in same for fact in one.all(RenamesRelation)}
    return at.transaction is not None and name in made


def by_root(migrations: Sequence[Migration]) -> dict[Path | None, list[Migration]]:
    """The histories that were read together, each by the folder in which it begins."""
    histories: dict[Path | None, list[Migration]] = defaultdict(list)
    for migration in migrations:
        histories[migration.root].append(migration)
    return histories


def releases_of(
    checked: Sequence[CheckedMigration], pasts: Mapping[Path | None, Past], settings: LintSettings, code: Code
) -> list[Release]:
    """What goes out together, of each history by the folder in which it begins.

    Where the whole history was asked for, nothing tells: each migration stands alone.
    """
    releases = []
    for root, past in pasts.items():
        asked = [one for one in checked if one.migration.root == root]
        groups = [[one] for one in asked] if len(asked) == len(past.migrations) else [asked]
        releases += [replace(Release.of(group, past, settings), code=code) for group in groups if group]
    return releases
