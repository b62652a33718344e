"""Fixes what the linter finds: one fix a migration and round, read and linted again until nothing is left to do.

Nothing is written here: the answer is what the files should say.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from migrations_lint.edits import edited
from migrations_lint.engine import lint
from migrations_lint.errors import UnreadableMigration
from migrations_lint.files import is_file, read_text, unsaved
from migrations_lint.fixing.in_sql import in_sql
from migrations_lint.fixing.texts import Written, text_of
from migrations_lint.formats import FixesCode, formats
from migrations_lint.history import History
from migrations_lint.model import Edit, Finding, Migration, Report
from migrations_lint.settings import LintSettings
from migrations_lint.snapshot import SchemaSnapshot
from migrations_lint.timeouts import Timeouts

_ROUNDS = 200  # a bound for fixes that would undo one another; no file has so many findings


@dataclass(frozen=True, slots=True)
class FixedFile:
    """A file as it is, and as it should be; `before` is None where it does not exist yet."""

    path: Path
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """What fixing came to: files, and the findings that are gone.

    `left` are those whose fix found no place in this history, `unsafe` those whose fix was not asked for.
    """

    files: tuple[FixedFile, ...]
    findings: tuple[Finding, ...]
    left: tuple[Finding, ...]
    unsafe: tuple[Finding, ...]


@dataclass
class _Work:
    """The history as fixed so far, the texts that differ from those on disk, and what could not be written."""

    history: History
    settings: LintSettings
    snapshot: SchemaSnapshot | None
    unsafe: bool
    timeouts: Timeouts
    texts: dict[Path, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    refused: set[tuple[Path, str]] = field(default_factory=set)
    left: tuple[Finding, ...] = ()
    not_asked: tuple[Finding, ...] = ()
    parts: dict[Path, Path] = field(default_factory=dict)  # the last migration that was made for another one


def fix_history(
    history: History,
    settings: LintSettings | None = None,
    snapshot: SchemaSnapshot | None = None,
    *,
    unsafe: bool = False,
    timeouts: Timeouts | None = None,
) -> Fixed:
    """Fix the standing findings of the selected migrations; with `unsafe`, those too whose fix says why it is unsafe.

    `timeouts` are what a migration gets that waits for a lock without one.
    """
    work = _Work(history, settings or LintSettings(), snapshot, unsafe, timeouts or Timeouts("2s"))
    for _ in range(_ROUNDS):
        with unsaved(work.texts):
            if not _round(work):
                break
    files = [
        FixedFile(path, read_text(path) if is_file(path) else None, text) for path, text in sorted(work.texts.items())
    ]
    changed = tuple(file for file in files if file.before != file.after)
    return Fixed(changed, tuple(work.findings), work.left, work.not_asked)


def edits_of(finding: Finding, history: History, timeouts: Timeouts | None = None) -> tuple[Edit, ...]:
    """What the fix of one finding writes; a new file is an insertion into nothing. Empty where it cannot be written."""
    owner = next((m for m in history.migrations if finding.path in m.files()), None)
    written = _written(finding, owner, history, timeouts or Timeouts("2s")) if owner is not None else None
    if written is None:
        return ()
    new = [Edit(path, 0, 0, text) for files in written.new for path, text in files.items()]
    return (*written.edits, *new)


def with_places(report: Report, history: History) -> Report:
    """The report without the fixes that cannot be written into this history, so that none is promised in vain."""
    owners = {path: migration for migration in history.reported() for path in migration.files()}
    followers = _followers(history)

    def written(finding: Finding) -> Written | None:
        return _written(finding, owners[finding.path], history, Timeouts("2s"), followers=followers)

    return replace(report, findings=tuple(_with_place(finding, written) for finding in report.findings))


def _with_place(finding: Finding, writing: Callable[[Finding], Written | None]) -> Finding:
    if finding.fix is None:
        return finding
    written = writing(finding)
    return finding if written is not None and (written.edits or written.new) else replace(finding, fix=None)


def _round(work: _Work) -> bool:
    """At most one fix in each migration, so that every one is decided on the text that it changes."""
    report = lint(work.history.migrations, work.settings, work.snapshot, selected=work.history.selected)
    fixable = [finding for finding in report.standing() if finding.fix is not None]
    work.not_asked = tuple(f for f in fixable if f.fix is not None and f.fix.unsafe is not None and not work.unsafe)
    by_path: dict[Path, list[Finding]] = {}
    for finding in fixable:
        if finding not in work.not_asked:
            by_path.setdefault(finding.path, []).append(finding)
    done = False
    for migration in work.history.reported():
        findings = [finding for path in sorted(migration.files()) for finding in by_path.get(path, ())]
        done |= any(_apply(work, migration, finding) for finding in _timeouts_last(findings))
    work.left = tuple(finding for finding in fixable if (finding.path, finding.fingerprint) in work.refused)
    return done


def _timeouts_last(findings: Sequence[Finding]) -> Iterator[Finding]:
    """A SET LOCAL at the head of a file would stand in the way of what makes the file run outside a transaction."""
    yield from (finding for finding in findings if finding.fix is not None and finding.fix.steps)
    yield from (finding for finding in findings if finding.fix is not None and not finding.fix.steps)


def _apply(work: _Work, migration: Migration, finding: Finding) -> bool:
    key = (finding.path, finding.fingerprint)
    written = None if key in work.refused else _written(finding, migration, work.history, work.timeouts, work.parts)
    if written is None or not (written.edits or written.new):
        work.refused.add(key)
        return False
    last = work.parts.get(migration.path)
    for path in dict.fromkeys(edit.path for edit in written.edits):
        text = work.texts.get(path, text_of(migration, path))
        work.texts[path] = edited(text, [edit for edit in written.edits if edit.path == path])
    for files in written.new:
        work.texts.update(files)
        work.parts[migration.path] = next(iter(files))
    work.findings.append(finding)
    work.refused -= {key for key in work.refused if key[0] in migration.files()}  # there may be a place for them now
    with unsaved(work.texts):
        work.history = _reread(work.history, migration, last, written)
    return True


def _written(
    finding: Finding,
    migration: Migration,
    history: History,
    timeouts: Timeouts,
    parts: Mapping[Path, Path] = MappingProxyType({}),
    followers: Mapping[Path, Migration] | None = None,
) -> Written | None:
    plug_in, fix = formats()[migration.tool], finding.fix
    assert fix is not None
    if not fix.steps:
        return Written(plug_in.with_timeout(migration, timeouts))
    if isinstance(plug_in, FixesCode):
        edits = plug_in.fixed(migration, fix)
        return None if edits is None else Written(edits)
    if migration.path.suffix == ".py":
        return None  # a program whose format does not say how it would send other SQL
    last_part = parts.get(migration.path)
    made = (each for each in history.migrations if each.path == last_part) if last_part is not None else ()
    last = next(iter(made), migration)
    followers = _followers(history) if followers is None else followers
    return in_sql(migration, last, followers.get(last.path), fix, plug_in)


def _followers(history: History) -> dict[Path, Migration]:
    """The migration that runs after each, by its path; the last of a history has none."""
    found: dict[Path, Migration] = {}
    last: dict[tuple[str, Path | None], Migration] = {}
    for migration in history.migrations:
        own = (migration.tool, migration.root)
        if own in last:
            found.setdefault(last[own].path, migration)
        last[own] = migration
    return found


def _reread(history: History, fixed: Migration, last: Path | None, written: Written) -> History:
    changed = {edit.path for edit in written.edits}
    last_path = last if last is not None else fixed.path
    migrations: list[Migration] = []
    added: set[Path] = set()
    for migration in history.migrations:
        plug_in = formats()[migration.tool]
        if not changed.isdisjoint(migration.files()):
            with suppress(UnreadableMigration):
                text = read_text(migration.path)
                migration = _as_before(plug_in.read(migration.path, text), migration)
        migrations.append(migration)
        for files in written.new if migration.path == last_path else ():
            path = next(iter(files))
            migrations.append(_as_before(plug_in.read(path, files[path]), migration))
            added.add(path)
    return replace(history, migrations=tuple(migrations), selected=history.selected | added)


def _as_before(migration: Migration, known: Migration) -> Migration:
    """What only the whole history tells stays as it was told."""
    return replace(
        migration,
        root=known.root,
        other_heads=known.other_heads,
        edited_since=known.edited_since,
        overtakes=known.overtakes,
    )
