"""Reads whole histories from disk, whatever tool wrote them. What cannot be read is named, not dropped."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from migrations_lint.errors import LintError, UnreadableMigration
from migrations_lint.files import folders_below, read_text
from migrations_lint.formats import MigrationFormat, formats
from migrations_lint.model import Migration, Problem

AUTO = "auto"
_LAST_RESORT = "raw_sql"
_LEVELS_ABOVE_A_FILE = 4


class NoHistory(LintError):
    """A path at which there is nothing that we know how to read."""

    def __init__(self, path: Path, seen: str) -> None:
        super().__init__(
            f"no migrations at {path}",
            seen=[seen],
            next_step="Name the folder of the migrations, or set `paths` and `format` under [migrations].",
        )


class UnknownFormat(LintError):
    """A format name in the settings or on the command line that no format has."""

    exit_code = 2

    def __init__(self, name: str) -> None:
        known = sorted(formats())
        nearest = get_close_matches(name, known, n=1)
        guess = f"Did you mean {nearest[0]}?" if nearest else f"Known are {', '.join(known)}, and {AUTO} to detect it."
        super().__init__(f"there is no migration format {name!r}", next_step=guess)


@dataclass(frozen=True, slots=True)
class History:
    """All migrations in the order in which they run, and the files of which none could be made.

    `selected` holds the paths of the migrations that were asked for; the others only tell what was there before.
    """

    migrations: tuple[Migration, ...]
    problems: tuple[Problem, ...]
    selected: frozenset[Path]

    def reported(self) -> tuple[Migration, ...]:
        """The migrations that were asked for."""
        return tuple(migration for migration in self.migrations if migration.path in self.selected)


@dataclass(frozen=True, slots=True)
class Root:
    """A folder in which a history begins, and the format that reads it."""

    folder: Path
    format: MigrationFormat


def read_history(paths: Sequence[Path], format: str = AUTO) -> History:  # noqa: A002
    """Read every history at or below `paths`; a file selects itself out of the history that it belongs to.

    Raises NoHistory for a path that does not exist or holds no known format, UnknownFormat for a wrong name.
    """
    roots = dict.fromkeys(root for path in paths for root in roots_at(path, format))
    histories = [_read(root) for root in roots]
    asked = frozenset(path.absolute() for path in paths)
    migrations = tuple(migration for history in histories for migration in history.migrations)
    selected = {migration.path for migration in migrations if any(_is_asked(path, asked) for path in migration.files())}
    problems = tuple(problem for history in histories for problem in history.problems if _is_asked(problem.path, asked))
    return History(migrations, problems, frozenset(selected))


def compared(history: History, since: str, released: Collection[Path], changed: Collection[Path]) -> History:
    """The history with what `since` tells of it: files that were edited after their release, and late arrivals.

    `released` are the files that were there at the revision, `changed` those with another text now; both absolute.
    Where migrations name their parents, those decide about the order and nothing can be inserted.
    """
    graphs = {migration.root for migration in history.migrations if migration.parents}
    later: dict[Path | None, tuple[str, ...]] = {}
    told: list[Migration] = []
    for migration in reversed(history.migrations):
        after = later.get(migration.root, ())
        path = migration.path.resolve()
        if path in released:
            later[migration.root] = (migration.id, *after)
            told.append(replace(migration, edited_since=since if path in changed else None))
        else:
            told.append(replace(migration, overtakes=() if migration.root in graphs else after))
    return replace(history, migrations=tuple(reversed(told)))


def roots_at(path: Path, format: str = AUTO) -> tuple[Root, ...]:  # noqa: A002
    """The histories at or below a folder, or the one that a file, or a folder of a migration's own, belongs to.

    A format that is asked for by name is content with the layout, without the marks that tell tools apart.
    """
    candidates = _candidates(format)
    names = ", ".join(plug_in.name for plug_in in candidates)
    if not path.is_file() and not path.is_dir():
        raise NoHistory(path, "there is no such file or folder")
    for begins in (_is_root,) if format == AUTO else (_is_root, _has_files):
        found = _root_of_file(path, candidates, begins) if path.is_file() else _roots_below(path, candidates, begins)
        if found:
            return found
    seen = (
        "the file does not belong to a history of" if path.is_file() else "looked there and in the folders below it for"
    )
    raise NoHistory(path, f"{seen} {names}")


def _candidates(name: str) -> Sequence[MigrationFormat]:
    known = formats()
    if name == AUTO:
        return sorted(known.values(), key=lambda plug_in: (plug_in.name == _LAST_RESORT, plug_in.name))
    if name not in known:
        raise UnknownFormat(name)
    return [known[name]]


_Begins = Callable[[MigrationFormat, Path], bool]


def _is_root(plug_in: MigrationFormat, folder: Path) -> bool:
    return plug_in.is_root(folder)


def _has_files(plug_in: MigrationFormat, folder: Path) -> bool:
    try:
        return any(file.is_file() for file in plug_in.files(folder))
    except LintError:
        return False


def _roots_below(path: Path, candidates: Sequence[MigrationFormat], begins: _Begins) -> tuple[Root, ...]:
    folders = list(folders_below(path))
    tools = [plug_in for plug_in in candidates if plug_in.name != _LAST_RESORT]
    return (
        tuple(_roots_in(folders, tools, begins))
        or _root_of_folder(path, tools, begins)
        or tuple(_roots_in(folders, candidates, begins))
    )


def _root_of_folder(path: Path, candidates: Sequence[MigrationFormat], begins: _Begins) -> tuple[Root, ...]:
    """For tools that give each migration a folder."""
    for plug_in in candidates:
        above = _as_given(path.absolute().parent, path)
        if begins(plug_in, above) and _runs_file_in(Root(above, plug_in), path):
            return (Root(above, plug_in),)
    return ()


def _runs_file_in(root: Root, folder: Path) -> bool:
    try:
        return any(file.parent.absolute() == folder.absolute() for file in root.format.files(root.folder))
    except LintError:
        return False


def _roots_in(folders: Sequence[Path], candidates: Sequence[MigrationFormat], begins: _Begins) -> Iterator[Root]:
    """Outermost first; what lies below a history belongs to it."""
    taken: list[Path] = []
    for folder in folders:
        if not any(folder.is_relative_to(above) for above in taken):
            plug_in = next((plug_in for plug_in in candidates if begins(plug_in, folder)), None)
            if plug_in is not None:
                root = Root(folder, plug_in)
                taken += _claimed(root)
                yield root


def _claimed(root: Root) -> Iterable[Path]:
    """The root itself; of a project whose migrations are scattered below it, the folders that hold them."""
    try:
        folders = {file.parent for file in root.format.files(root.folder)}
    except LintError:
        return [root.folder]
    is_near = any(root.folder in (folder, folder.parent) for folder in folders)
    return [root.folder] if is_near or not folders else folders


def _root_of_file(path: Path, candidates: Sequence[MigrationFormat], begins: _Begins) -> tuple[Root, ...]:
    above = [_as_given(folder, path) for folder in list(path.absolute().parents)[:_LEVELS_ABOVE_A_FILE]]
    for plug_in in candidates:
        for folder in reversed(above):
            if begins(plug_in, folder) and _holds(Root(folder, plug_in), path):
                return (Root(folder, plug_in),)
    return ()


def _as_given(folder: Path, path: Path) -> Path:
    """Relative where the path was given so, for people read it in reports."""
    here = Path.cwd()
    return folder.relative_to(here) if not path.is_absolute() and folder.is_relative_to(here) else folder


def _holds(root: Root, path: Path) -> bool:
    """Whether the file is one of the history's, stands beside one, or is a way down elsewhere."""
    here = path.absolute()
    try:
        if any(file.parent.absolute() == here.parent for file in root.format.files(root.folder)):
            return True
    except LintError:
        return True  # reading the history will say what is wrong with it
    return any(here in {file.absolute() for file in migration.files()} for migration in _read(root).migrations)


def _read(root: Root) -> History:
    try:
        files = list(root.format.files(root.folder))
    except UnreadableMigration as error:
        return History((), (_problem(error),), frozenset())
    migrations: list[Migration] = []
    problems: list[Problem] = []
    for file in files:
        try:
            migrations.append(root.format.read(file, read_text(file)))
        except UnreadableMigration as error:
            problems.append(_problem(error))
    told = [replace(migration, root=root.folder) for migration in _with_heads(list(_with_odd_ids(migrations)))]
    return History(tuple(told), tuple(problems), frozenset())


def _problem(error: UnreadableMigration) -> Problem:
    return Problem(error.path, error.line or 1, error.problem, error.next_step)


def _with_odd_ids(migrations: Sequence[Migration]) -> Iterator[Migration]:
    """Names what the tool would refuse: an id used twice, and a parent that is not there."""
    uses = Counter(_as_number(migration.id) for migration in migrations)
    ids = {migration.id for migration in migrations}
    for migration in migrations:
        problems = [*migration.problems]
        if uses[_as_number(migration.id)] > 1:
            same = (other for other in migrations if _as_number(other.id) == _as_number(migration.id))
            others = [other.file_name for other in same if other is not migration]
            problems.append(
                Problem(
                    migration.path,
                    1,
                    f"{migration.id} is used twice: also by {', '.join(others)}",
                    "Give one of them a new number; the tool refuses both, or runs only one.",
                )
            )
        for parent in migration.parents:
            if parent not in ids:
                problems.append(
                    Problem(
                        migration.path,
                        1,
                        f"follows {parent}, which is not part of this history",
                        "Restore that migration, or give the folder that holds it too.",
                    )
                )
        yield replace(migration, problems=tuple(problems))


def _as_number(name: str) -> str:
    """Zeros in front of a number make no other version of it, nor do those behind the last dot."""
    parts = name.split(".")
    if not all(part.isdecimal() for part in parts):
        return name
    return ".".join(part.lstrip("0") for part in parts).rstrip(".")


def _with_heads(migrations: Sequence[Migration]) -> Iterator[Migration]:
    """Names the other ends of the same line; lines that carry different names are meant to stay apart."""
    followed = {parent for migration in migrations for parent in set(migration.parents) - set(migration.depends_on)}
    branches = _branches(migrations)
    is_graph = any(migration.parents for migration in migrations)
    heads = [migration.id for migration in migrations if is_graph and migration.id not in followed]
    for migration in migrations:
        others = [head for head in heads if head != migration.id and branches[head] == branches[migration.id]]
        yield replace(migration, other_heads=tuple(others)) if others and migration.id in heads else migration


def _branches(migrations: Sequence[Migration]) -> dict[str, str]:
    """The name of the line that each migration is on, handed down from parents, which come first."""
    names: dict[str, str] = {}
    for migration in migrations:
        before = (names.get(parent, "") for parent in migration.parents if parent not in migration.depends_on)
        names[migration.id] = migration.branch or next(filter(None, before), "")
    return names


def _is_asked(path: Path, asked: frozenset[Path]) -> bool:
    absolute = path.absolute()
    return absolute in asked or any(folder in asked for folder in absolute.parents)
