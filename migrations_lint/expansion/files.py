"""The parts of a plan as migrations of the user's own tool: what their files are called, and what they say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import wrap

from migrations_lint.dialect import quoted
from migrations_lint.edits import edited
from migrations_lint.errors import LintError
from migrations_lint.expansion.allowances import allowed
from migrations_lint.expansion.parts import Part, Plan
from migrations_lint.files import is_file, read_text, unsaved
from migrations_lint.formats import AddsMigrations, MigrationFormat, formats
from migrations_lint.model import Edit, Migration
from migrations_lint.settings import LintSettings
from migrations_lint.snapshot import SchemaSnapshot
from migrations_lint.timeouts import Timeouts, line_end

_BATCH = 1000
_WIDTH = 100


class NoPlace(LintError):
    """The history has no room for the migrations of a plan, or their tool cannot be given any."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A part, and the files of the migration that it becomes; the first is the way up."""

    part: Part
    files: Mapping[Path, str]

    @property
    def path(self) -> Path:
        """The file with the way up."""
        return next(iter(self.files))


def planned(
    plan: Plan,
    migration: Migration,
    migrations: Sequence[Migration],
    timeouts: Timeouts,
    settings: LintSettings,
    snapshot: SchemaSnapshot | None = None,
) -> tuple[Planned, ...]:
    """Every part as the migration that stands for it, in their order; `migrations` are the whole history.

    With comments that allow what the linter would find in them, and the plan means.

    Raises NoPlace where there is no name for one, or a file of that name exists.
    """
    plug_in = formats()[migration.tool]
    if not isinstance(plug_in, AddsMigrations) or len(migration.parents) > 1:
        raise NoPlace(
            f"no migration can be written behind {migration.path.name}",
            seen=[_why_not(migration)],
            next_step="Write what the plan shows into files of your own, in its order.",
        )
    before, taken = _next(migration, migrations), {each.id for each in migrations}
    made: list[Migration] = []
    texts: dict[Path, str] = {}
    groups: list[tuple[Part, list[Path]]] = []
    last = replace(migration, id=next(iter(migration.parents), "")) if _names_parents(migration) else migration
    for part in plan.parts:
        up, down = _up(part), _down(part, migration)
        with unsaved(texts):
            files = plug_in.following(last, before, up, down, in_transaction=not part.is_alone, title=part.title)
        files = _free(files, migration)
        with unsaved(files):
            last, files = _guarded(plug_in, files, timeouts)
        if last.id in taken:
            _free(None, migration)
        texts |= files
        made.append(replace(last, root=migration.root))
        groups.append((part, list(files)))
    texts = allowed(made, texts, _before(migration, migrations), settings, snapshot)
    end = line_end(read_text(migration.path))
    texts = {path: text.replace("\n", end) for path, text in texts.items()}
    return tuple(Planned(part, {path: texts[path] for path in paths}) for part, paths in groups)


def _before(migration: Migration, migrations: Sequence[Migration]) -> list[Migration]:
    at = next(number for number, each in enumerate(migrations) if each.path == migration.path)
    return list(migrations[:at])


def _next(migration: Migration, migrations: Sequence[Migration]) -> Migration | None:
    """The one that stands on this one; where migrations do not say so, the one that runs after it."""
    same = [each for each in migrations if each.root == migration.root]
    if _names_parents(migration):
        return next((each for each in same if migration.id in each.parents), None)
    at = next(number for number, each in enumerate(same) if each.path == migration.path)
    return same[at + 1] if at + 1 < len(same) else None


def _why_not(migration: Migration) -> str:
    if len(migration.parents) > 1:
        return f"it joins {' and '.join(migration.parents)}; plan the migration that changes the schema"
    return f"gatekeeper does not write migrations of {migration.tool}"


def _names_parents(migration: Migration) -> bool:
    """Tools whose migrations name the one before them: the first part stands on what the migration stood on."""
    return migration.path.suffix == ".py"


def _free(files: Mapping[Path, str] | None, migration: Migration) -> Mapping[Path, str]:
    if files is None:
        raise NoPlace(
            f"there is no free number behind {migration.path.name}",
            seen=["the migrations that follow it have taken what comes next, or build on it"],
            next_step="Plan the last migration of the history, before others follow it; or write the parts by hand.",
        )
    for path in files:
        if is_file(path):
            raise NoPlace(
                f"{path} exists already",
                seen=["nothing is overwritten"],
                next_step="Move it out of the way, if it comes from an earlier plan, then run the same command again.",
            )
    return files


def _guarded(
    plug_in: MigrationFormat, files: Mapping[Path, str], timeouts: Timeouts
) -> tuple[Migration, Mapping[Path, str]]:
    """The migration as its tool reads it, with the timeouts that `gatekeeper inject` would write."""
    path = next(iter(files))
    migration = plug_in.read(path, files[path])
    edits = plug_in.with_timeout(migration, timeouts)
    texts = {name: _edited(text, edits, name) for name, text in files.items()}
    with unsaved(texts):
        return plug_in.read(path, texts[path]), texts


def _edited(text: str, edits: Sequence[Edit], path: Path) -> str:
    return edited(text, dict.fromkeys(edit for edit in edits if edit.path == path))


def _up(part: Part) -> str:
    return "".join(_statements(part))


def _statements(part: Part) -> Iterator[str]:
    """Under a comment that says when they run and what for."""
    said = f"{part.phase.value[:1].upper()}{part.phase.value[1:]}: {part.why}"
    yield from (f"-- {line}\n" for line in wrap(said, _WIDTH))
    if part.fills and part.key is not None:
        yield f"-- gatekeeper: backfill by {quoted(part.key)} in batches of {_BATCH}\n"
    yield from (f"{step.sql};\n" for step in part.steps)


def _down(part: Part, migration: Migration) -> str | None:
    """None where neither this migration has a way back, nor its tool a place for one."""
    if migration.down is None and migration.down_path is None and migration.tool != "prisma":
        return None
    undone = [step.undo for step in reversed(part.steps) if step.undo is not None]
    return "".join(f"{undo};\n" for undo in undone) or "-- There is nothing to take back.\n"
