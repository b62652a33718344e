"""Histories shared out, to be linted apart, and their reports put together as if they had been linted as one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from migrations_lint.code import TAKING_AWAY
from migrations_lint.history import History
from migrations_lint.model import CheckedMigration, CheckedStatement, Finding, LockFact, Migration, Report

LEAST_TO_SHARE = 200_000
"""Characters of SQL; less is linted sooner than another process is begun."""

_OF_REPORTERS = (LockFact, *TAKING_AWAY)


def shares(history: History, number: int) -> tuple[History, ...]:
    """At most `number` parts with about the same amount of SQL, the largest first; one where sharing does not pay.

    Each holds whole histories, for a migration has to meet what those before it have made.
    """
    sizes: Counter[Path | None] = Counter()
    for migration in history.migrations:
        sizes[migration.root] += _size(migration)
    if number < 2 or len(sizes) < 2 or sizes.total() < LEAST_TO_SHARE or _overlap(history.migrations):
        return (history,)
    parts: list[set[Path | None]] = [set() for _ in range(min(number, len(sizes)))]
    for root, _ in sizes.most_common():
        min(parts, key=lambda part: sum(sizes[one] for one in part)).add(root)
    parts.sort(key=lambda part: -sum(sizes[one] for one in part))
    return tuple(_part(history, part) for part in parts)


def joined(history: History, reports: Sequence[Report]) -> Report:
    """The report on a history of which each of the reports tells a part, in the history's own order."""
    roots = dict.fromkeys(migration.root for migration in history.migrations)
    checked: dict[Path | None, list[CheckedMigration]] = {root: [] for root in roots}
    findings: dict[Path | None, list[Finding]] = {root: [] for root in roots}
    owners = _owners(history.migrations)
    for report in reports:
        for one in report.migrations:
            checked[one.migration.root].append(one)
        for finding in report.findings:
            findings[owners[finding.path]].append(finding)
    return Report(
        tuple(one for root in roots for one in checked[root]),
        tuple(finding for root in roots for finding in findings[root]),
        reports[0].server_version,
        sum(report.seconds for report in reports),
        history.problems,
    )


def for_reporters(report: Report) -> Report:
    """The report with no more facts than are printed or asked of the application's code: it has to travel."""
    return replace(report, migrations=tuple(map(_lighter, report.migrations)))


def _lighter(checked: CheckedMigration) -> CheckedMigration:
    return replace(checked, statements=tuple(map(_light, checked.statements)))


def _light(checked: CheckedStatement) -> CheckedStatement:
    facts = tuple(fact for fact in checked.facts if isinstance(fact, _OF_REPORTERS))
    return CheckedStatement(checked.statement, checked.direction, checked.transaction, facts)


def _part(history: History, roots: set[Path | None]) -> History:
    migrations = tuple(migration for migration in history.migrations if migration.root in roots)
    return History(migrations, (), history.selected & {migration.path for migration in migrations})


def _size(migration: Migration) -> int:
    return sum(len(fragment.sql) for _, script in migration.scripts() for fragment in script.fragments)


def _owners(migrations: Sequence[Migration]) -> Mapping[Path, Path | None]:
    return {path: migration.root for migration in migrations for path in migration.files()}


def _overlap(migrations: Sequence[Migration]) -> bool:
    """Whether a file belongs to two histories."""
    owners = _owners(migrations)
    return any(owners[path] != migration.root for migration in migrations for path in migration.files())
