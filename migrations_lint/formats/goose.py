"""goose: one SQL file a migration, its ways under `-- +goose Up` and `-- +goose Down`; Go migrations between them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from migrations_lint.errors import UnreadableMigration
from migrations_lint.files import begin_of, joined, part_script, sample
from migrations_lint.formats import MigrationFormat
from migrations_lint.formats._goose.cut import Way, cut
from migrations_lint.model import Edit, Fragment, Migration, Problem, Script, Source
from migrations_lint.numbering import number_after, title_after
from migrations_lint.outline import has_statements, outline
from migrations_lint.timeouts import Timeouts, line_end, statement_by_statement

_NAME = re.compile(r"(?P<version>[0-9]+)_(?P<title>.*)\.(?P<language>sql|go)")
_MARK = re.compile(r"(?m)^--[ \t]*\+goose[ \t]+(?:Up|Down)\b", re.IGNORECASE)


class Goose:
    """Statements are sent one by one, in one transaction a file unless it says `NO TRANSACTION`."""

    name = "goose"

    def is_root(self, folder: Path) -> bool:
        """Numbered SQL files with goose's marks in them."""
        return any(_MARK.search(text) for text in sample(path for path in _files(folder) if path.suffix == ".sql"))

    def files(self, root: Path) -> Iterator[Path]:
        """In the order of their numbers, those in Go too."""
        yield from sorted(_files(root), key=lambda path: (_number(path), path.name))

    def read(self, path: Path, text: str) -> Migration:
        """Both ways; raises UnreadableMigration where goose would refuse the file."""
        name = _NAME.fullmatch(path.name)
        if name is None or int(name["version"]) < 1:
            raise UnreadableMigration(path, "is not named as goose expects", hint="Name it NUMBER_title.sql.")
        title = name["title"].replace("_", " ")
        if name["language"] == "go":
            return _in_go(self.name, path, name["version"], title)
        source = Source(path, text)
        ways = cut(source)
        return Migration(
            id=name["version"],
            tool=self.name,
            path=path,
            up=_script(source, ways.up, in_transaction=ways.in_transaction),
            down=_script(source, ways.down, in_transaction=ways.in_transaction) if ways.down else None,
            title=title,
            problems=ways.problems,
            down_path=path,
        )

    def with_timeout(self, migration: Migration, timeouts: Timeouts) -> tuple[Edit, ...]:
        """SET LOCAL as the first statement; with `NO TRANSACTION`, SET and RESET around what waits for locks."""
        edits = [edit for _, script in migration.scripts() for edit in statement_by_statement(script, timeouts)]
        return tuple(_outside_marks(migration, edits))

    def outside_transaction(self, migration: Migration, fragment: Fragment) -> tuple[Edit, ...] | None:
        """`-- +goose NO TRANSACTION` at the head of the file; it speaks for both ways."""
        text = fragment.source.text
        if not fragment.in_transaction:
            return ()
        if begin_of(text) or cut(fragment.source).in_transaction is False:
            return None  # one string of several statements stays a transaction
        return (Edit(fragment.source.path, 0, 0, f"-- +goose NO TRANSACTION{line_end(text)}"),)

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
        """The next number, if no other migration has it."""
        name = _NAME.fullmatch(migration.path.name)
        number = number_after(migration.id, before.id if before else None)
        if name is None or number is None:
            return None
        head = "" if in_transaction else "-- +goose NO TRANSACTION\n"
        up, back = _as_units(up), f"\n-- +goose Down\n{_as_units(down)}" if down is not None else ""
        text = f"{head}-- +goose Up\n{up}{back}"
        return {migration.path.with_name(f"{number}_{title or title_after(name['title'])}.sql"): text}


def _as_units(sql: str) -> str:
    """goose cuts at semicolons at the end of a line, unless it is told where a statement begins and ends."""
    for piece in reversed(outline(sql)):
        if ";" in piece.sql and piece.semicolon is not None:
            end = piece.semicolon + 1
            unit = f"-- +goose StatementBegin\n{sql[piece.start : end]}\n-- +goose StatementEnd"
            sql = sql[: piece.start] + unit + sql[end:]
    return sql


def _outside_marks(migration: Migration, edits: Sequence[Edit]) -> Iterator[Edit]:
    """A statement of ours is a string of its own, so it goes before StatementBegin or after StatementEnd.

    Not into a string of several: there it is one more of them, at its place.
    """
    sources = [fragment.source for _, script in migration.scripts() for fragment in script.fragments]
    ways = cut(sources[0]) if edits else None
    units = [unit for way in (ways.up, ways.down) if way for unit in way.units] if ways else []
    text = sources[0].text if sources else ""
    units = [unit for unit in units if not has_statements(text[unit.start : unit.end], 2)]
    for edit in edits:
        around = next((unit.around for unit in units if unit.start <= edit.start <= unit.end and unit.around), None)
        is_after = edit.text[:1] in {";", "\r", "\n"}
        if around is None:
            yield edit
        elif is_after:
            yield replace(edit, start=around[1], end=around[1], text=edit.text.lstrip(";"))
        else:
            yield replace(edit, start=around[0], end=around[0], text=edit.text.rstrip(" \t"))


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir() if folder.is_dir() else ():
        name = _NAME.fullmatch(path.name)
        if name and int(name["version"]) >= 1 and not path.name.endswith("_test.go"):
            yield path


def _number(path: Path) -> int:
    name = _NAME.fullmatch(path.name)
    return int(name["version"]) if name else 0


def _in_go(tool: str, path: Path, version: str, title: str) -> Migration:
    problem = Problem(
        path,
        1,
        "is written in Go; what it does to the schema is not read",
        "Review it by hand; what comes after it is read as if it had changed nothing.",
    )
    return Migration(version, tool, path, Script(()), None, title, problems=(problem,), down_path=path)


def _script(source: Source, way: Way, *, in_transaction: bool) -> Script:
    """One fragment where goose opens the transaction; else one for each run of lone statements."""
    if in_transaction:
        return part_script(source, way.start, way.end, in_transaction=True)
    pieces = []
    at = way.start
    for unit in way.units:
        if has_statements(source.text[unit.start : unit.end], 2):
            pieces.append(part_script(source, at, unit.start, in_transaction=False))
            pieces.append(part_script(source, unit.start, unit.end, in_transaction=True, begins_anew=True))
            at = unit.end
    return joined([*pieces, part_script(source, at, way.end, in_transaction=False)])


FORMAT: MigrationFormat = Goose()
