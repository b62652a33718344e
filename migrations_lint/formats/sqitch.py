"""Sqitch: the order stands in `sqitch.plan`, the SQL in `deploy/` and `revert/`, and psql runs it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from migrations_lint.errors import UnreadableMigration
from migrations_lint.files import begin_of, is_file, joined, manifest_above, part_script, read_text
from migrations_lint.formats import MigrationFormat
from migrations_lint.formats._sending import SendsStatements
from migrations_lint.model import Direction, Edit, Fragment, Migration, Problem, Script, Source
from migrations_lint.psql import as_psql

_PLAN = "sqitch.plan"
_ENTRY = re.compile(
    r"[ \t]*(?P<sign>[@+-]?)[ \t]*(?P<name>[^\s\[\]#@:\\]+)(?:[ \t]+\[(?P<needs>[^\]]*)\])?[ \t]+\d{4}-"
)
_SECTION = re.compile(r"[ \t]*\[(?P<name>[^\]\s\"]+)[^\]]*\]")
_SETTING = re.compile(r"[ \t]*(?P<key>\w+)[ \t]*=[ \t]*(?P<value>[^\r\n]*)")
_POSTGRESQL = frozenset({"", "pg", "cockroach", "yugabyte"})


class Sqitch(SendsStatements):
    """psql sends one statement after the other; a transaction is what the script itself opens."""

    name = "sqitch"

    def is_root(self, folder: Path) -> bool:
        """The folder that holds the plan."""
        return (folder / _PLAN).is_file()

    def files(self, root: Path) -> Iterator[Path]:
        """In the order of the plan; raises UnreadableMigration where the plan is for another database."""
        project = _project(root)
        if project.engine not in _POSTGRESQL:
            raise UnreadableMigration(
                root / _PLAN,
                f"these changes are for the engine {project.engine!r}, not for pg",
                hint="gatekeeper reads PostgreSQL; give it the folder of a PostgreSQL history.",
            )
        yield from (project.deploy / change.file for change in _changes(root / _PLAN, project))

    def read(self, path: Path, text: str) -> Migration:
        """The deploy script as given, and the revert script of the same name."""
        root = next((above for above in path.parents if (above / _PLAN).is_file()), path.parent.parent)
        project = _project(root)
        if not path.absolute().is_relative_to(project.deploy.absolute()):
            raise UnreadableMigration(
                path, "does not stand in the folder of the deploy scripts", hint="Name the folder of sqitch.plan."
            )
        file = path.absolute().relative_to(project.deploy.absolute())
        down = project.revert / file
        up = Source(path, text)
        back = Source(down, read_text(down)) if is_file(down) else None
        scripts = [(up, Direction.UP), *([(back, Direction.DOWN)] if back else [])]
        return Migration(
            id=file.as_posix().removesuffix(project.extension),
            tool=self.name,
            path=path,
            up=_script(up),
            down=_script(back) if back else None,
            problems=tuple(problem for source, way in scripts for problem in _problems(source, way)),
            down_path=down,
        )

    def outside_transaction(self, migration: Migration, fragment: Fragment) -> tuple[Edit, ...] | None:
        """Sqitch opens none; a BEGIN of the script itself is for its author to move."""
        return ()


@dataclass(frozen=True, slots=True)
class _Project:
    deploy: Path
    revert: Path
    extension: str
    engine: str


@dataclass(frozen=True, slots=True)
class _Change:
    """`file` is relative to the folder of the deploy scripts."""

    name: str
    file: Path


def _project(root: Path) -> _Project:
    """What `[core]` of sqitch.conf says, else Sqitch's defaults beside the plan."""
    configuration = manifest_above(root, "sqitch.conf")
    settings = _core(read_text(configuration)) if configuration else {}
    home = configuration.parent if configuration else root
    deploy, revert = (
        home / settings[f"{way}_dir"] if f"{way}_dir" in settings else root / way for way in ("deploy", "revert")
    )
    return _Project(deploy, revert, "." + settings.get("extension", "sql"), settings.get("engine", ""))


def _core(text: str) -> dict[str, str]:
    settings: dict[str, str] = {}
    section = ""
    for line in text.splitlines():
        if match := _SECTION.match(line):
            section = match["name"]
        elif section == "core" and (setting := _SETTING.match(line)):
            settings[setting["key"]] = setting["value"].strip().strip('"')
    return settings


def _changes(plan: Path, project: _Project) -> list[_Change]:
    """The plan's entries; one that is reworked later has its old script under the name of a tag between the two."""
    entries: list[tuple[str, list[str]]] = []
    tags_since: list[list[str]] = []
    for line in read_text(plan).splitlines():
        match = _ENTRY.match(line)
        if match is None or line.lstrip().startswith(("%", "#")):
            continue
        if match["sign"] == "@":
            for tags in tags_since:
                tags.append(match["name"])
        else:
            tags_since.append([])
            entries.append((match["name"], tags_since[-1]))
    return [
        _Change(name, _file(project, name, tags if any(later == name for later, _ in entries[number + 1 :]) else []))
        for number, (name, tags) in enumerate(entries)
    ]


def _file(project: _Project, name: str, tags: Sequence[str]) -> Path:
    files = [Path(f"{name}@{tag}{project.extension}") for tag in tags]
    return next(
        (file for file in files if (project.deploy / file).is_file()), [*files, Path(name + project.extension)][0]
    )


def _script(source: Source) -> Script:
    parts = as_psql(source, begin_of(source.text), len(source.text)).parts
    return joined(part_script(source, start, end, in_transaction=False) for start, end in parts)


def _problems(source: Source, direction: Direction) -> Iterator[Problem]:
    for problem in as_psql(source, begin_of(source.text), len(source.text)).problems:
        yield Problem(problem.path, problem.line, problem.message, problem.hint, direction)


FORMAT: MigrationFormat = Sqitch()
