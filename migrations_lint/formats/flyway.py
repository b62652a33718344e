"""Flyway: `V1_2__title.sql` in the order of their versions, then `R__title.sql`; `U1_2__title.sql` leads back."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from migrations_lint.errors import UnreadableMigration
from migrations_lint.files import begin_of, folders_below, is_file, joined, line_of, part_script, read_text
from migrations_lint.formats import MigrationFormat
from migrations_lint.formats._flyway.placeholders import PLACEHOLDER, filled, values_for
from migrations_lint.formats._sending import SendsStatements
from migrations_lint.model import Direction, Edit, Fragment, Migration, Problem, Script, Source
from migrations_lint.numbering import number_after, title_after
from migrations_lint.outline import Piece, outline
from migrations_lint.psql import without_rows
from migrations_lint.timeouts import line_end

_NAME = re.compile(r"(?P<prefix>[VUR])(?P<version>[0-9]+(?:[._][0-9]+)*)?__(?P<title>.*)\.(?P<language>sql|java|kt)")
_LAST_NUMBER = re.compile(r"([0-9]+)$")
_FOLDERS = frozenset({"migration", "migrations"})
_SETTING = re.compile(r"(?m)^[ \t]*(?P<key>[\w.]+)[ \t]*=[ \t]*(?P<value>.*?)[ \t]*\r?$")


class Flyway(SendsStatements):
    """Statements are sent one by one, in one transaction a file where every one of them accepts that."""

    name = "flyway"

    def is_root(self, folder: Path) -> bool:
        """Files named as Flyway wants them, in the folder or, where it is called `migration`, below it."""
        if any(_NAME.fullmatch(path.name) for path in folder.glob("V*__*.sql")):
            return True
        below = list(_files(folder, "V")) if folder.name in _FOLDERS else []
        has_sql = any(path.suffix == ".sql" for path in below)
        return has_sql and len(set(map(_version, below))) == len(below)  # else they are histories of their own

    def files(self, root: Path) -> Iterator[Path]:
        """Versions as numbers, part by part; then what is repeatable, by its description."""
        yield from sorted(_files(root, "V"), key=lambda path: (_version(path), path.name))
        yield from sorted(_files(root, "R"), key=lambda path: path.name)

    def read(self, path: Path, text: str) -> Migration:
        """The way up as given, and the undo migration with the same version."""
        name = _NAME.fullmatch(path.name)
        if name is None or (name["version"] is None) is not (name["prefix"] == "R"):
            raise UnreadableMigration(
                path, "is not named as Flyway expects", hint="Name it V1_2__title.sql, or R__title.sql to repeat it."
            )
        is_versioned = name["prefix"] == "V"
        title = name["title"].replace("_", " ")
        id = name["version"].replace("_", ".") if is_versioned else name["title"]  # noqa: A001
        if name["language"] != "sql":
            problem = _in_java(path)
            return Migration(id, self.name, path, Script(()), None, title, problems=(problem,))
        down = _undo_of(path) if is_versioned else None
        up = Source(path, text)
        back = Source(down, read_text(down)) if down else None
        return Migration(
            id=id,
            tool=self.name,
            path=path,
            up=_script(up),
            down=_script(back) if back else None,
            title=title if is_versioned else "repeatable",
            problems=(*_problems(up, Direction.UP), *(_problems(back, Direction.DOWN) if back else ())),
            down_path=down,
        )

    def outside_transaction(self, migration: Migration, fragment: Fragment) -> tuple[Edit, ...] | None:
        """`executeInTransaction=false` in the configuration file of the script."""
        if not fragment.in_transaction:
            return ()
        configuration = _configuration(fragment.source.path)
        text = read_text(configuration) if is_file(configuration) else ""
        for setting in _SETTING.finditer(text):
            if setting["key"] == "executeInTransaction":
                return (Edit(configuration, setting.start("value"), setting.end("value"), "false"),)
        return (Edit(configuration, 0, 0, f"executeInTransaction=false{line_end(text)}"),)

    def following(
        self,
        migration: Migration,
        before: Migration | None,
        up: str,
        down: str | None,
        *,
        in_transaction: bool,
        title: str | None = None,
    ) -> Mapping[Path, str] | None:
        """The next version, or where that is taken the one behind a further dot, which Flyway sorts in between."""
        name = _NAME.fullmatch(migration.path.name)
        if name is None or name["prefix"] != "V":
            return None
        stem = _between(name, _version(before.path) if before is not None else (), title)
        if stem is None:
            return None
        path = migration.path.with_name(f"V{stem}.sql")
        files = {path: up}
        if not in_transaction and _script(Source(path, up)).in_transaction:
            files[_configuration(path)] = "executeInTransaction=false\n"
        return files if down is None else files | {path.with_name(f"U{stem}.sql"): down}


def _files(root: Path, prefix: str) -> Iterator[Path]:
    """SQL in the folder and below it; Java and Kotlin also where Maven and Gradle keep them."""
    for folder in folders_below(root):
        for path in (*folder.glob(f"{prefix}*__*.sql"), *_beside(folder, prefix)):
            if (name := _NAME.fullmatch(path.name)) and (name["version"] is None) is (prefix == "R"):
                yield path


def _beside(folder: Path, prefix: str) -> Iterator[Path]:
    place = folder.as_posix()
    for language, ending in (("java", "java"), ("kotlin", "kt")):
        beside = Path(place.replace("/resources/", f"/{language}/")) if "/resources/" in place else folder
        yield from beside.glob(f"{prefix}*__*.{ending}")


def _version(path: Path) -> tuple[int, ...]:
    """Zeros at the end make no difference: 1 and 1.0 are the same version."""
    name = _NAME.fullmatch(path.name)
    parts = [int(part) for part in re.split(r"[._]", name["version"] or "")] if name and name["version"] else []
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def _between(name: re.Match[str], before: tuple[int, ...], title: str | None) -> str | None:
    """Version and title of a file between this one and `before`, which is empty where no version follows."""
    head, last = _LAST_NUMBER.split(name["version"])[:2]
    for version in (f"{head}{number_after(last, None)}", f"{name['version']}.1"):
        if not before or _version(Path(f"V{version}__.sql")) < before:
            return f"{version}__{title or title_after(name['title'])}"
    return None


def _undo_of(path: Path) -> Path | None:
    twin = path.with_name(f"U{path.name[1:]}")
    if is_file(twin):
        return twin
    version = _version(path)
    same = (undo for undo in sorted(path.parent.glob("U*__*.sql")) if _NAME.fullmatch(undo.name))
    return next((undo for undo in same if _version(undo) == version), None)


def _configuration(script: Path) -> Path:
    return script.with_name(f"{script.name}.conf")


def _settings(script: Path) -> dict[str, str]:
    """The script's own configuration file."""
    configuration = _configuration(script)
    if not is_file(configuration):
        return {}
    return {setting["key"]: setting["value"] for setting in _SETTING.finditer(read_text(configuration))}


def _script(source: Source) -> Script:
    """Flyway opens no transaction where the configuration says so, else where a statement accepts none."""
    said = _settings(source.path).get("executeInTransaction")
    parts = without_rows(source, begin_of(source.text), len(source.text)).parts
    pieces = [piece for start, end in parts for piece in outline(source.text[start:end])]
    wrapped = said.lower() == "true" if said is not None else not any(map(_needs_none, pieces))
    script = joined(part_script(source, start, end, in_transaction=wrapped) for start, end in parts)
    return filled(script, values_for(source.path)) if _has_placeholders(source) else script


def _has_placeholders(source: Source) -> bool:
    replaced = _settings(source.path).get("placeholderReplacement", "true").lower() == "true"
    return replaced and PLACEHOLDER.search(source.text) is not None


def _needs_none(piece: Piece) -> bool:
    """What Flyway 12 takes for non-transactional on PostgreSQL 12 and newer (`PostgreSQLParser`)."""
    words = piece.words
    match words[:1]:
        case ("CREATE" | "DROP",):
            index = words[1:] if words[1:2] != ("UNIQUE",) else words[2:]
            return index[:2] == ("INDEX", "CONCURRENTLY") or words[1:2] in {
                ("DATABASE",),
                ("TABLESPACE",),
                ("SUBSCRIPTION",),
            }
        case ("REINDEX",):
            return any(word in {"SCHEMA", "DATABASE", "SYSTEM"} for word in words[1:3])
        case ("VACUUM",):
            return True
    return words[:2] in {("ALTER", "SYSTEM"), ("DISCARD", "ALL")}


def _problems(source: Source, direction: Direction) -> Iterator[Problem]:
    if _has_placeholders(source):
        yield from _placeholders(source, direction)
    if "executeInTransaction" not in _settings(source.path):
        yield from _mixture(source, direction)


def _placeholders(source: Source, direction: Direction) -> Iterator[Problem]:
    """One for each name without a known value: comments count too, for Flyway replaces before it reads."""
    seen = set(values_for(source.path))
    for match in PLACEHOLDER.finditer(source.text):
        if match["name"].lower() not in seen:
            seen.add(match["name"].lower())
            yield Problem(
                source.path,
                line_of(source.text, match.start()),
                f"the value of the placeholder {match[0]} stands in no flyway.toml or flyway.conf here",
                "Read the statement with the value in mind, or write the value into the configuration; "
                "`placeholderReplacement=false` in the script's .conf file says that it is meant letter for letter.",
                direction,
            )


def _mixture(source: Source, direction: Direction) -> Iterator[Problem]:
    pieces = outline(source.text)
    needing = [piece for piece in pieces if _needs_none(piece)]
    if needing and len(needing) < len(pieces):
        yield Problem(
            source.path,
            line_of(source.text, needing[0].start),
            "Flyway refuses a file with statements for a transaction and statements that accept none (`mixed` is off)",
            f"Move them apart, or write executeInTransaction=false into {_configuration(source.path).name}.",
            direction,
        )


def _in_java(path: Path) -> Problem:
    return Problem(
        path,
        1,
        "is written in Java or Kotlin; what it does to the schema is not read",
        "Review it by hand; what comes after it is read as if it had changed nothing.",
    )


FORMAT: MigrationFormat = Flyway()
