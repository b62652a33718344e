"""Plain SQL files: numbered or not, with a way down beside them or without one."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from migrations_lint.files import begin_of, is_file, joined, natural_key, part_script, read_text
from migrations_lint.formats import MigrationFormat
from migrations_lint.formats._sending import SendsStatements
from migrations_lint.model import Direction, Edit, Fragment, Migration, Script, Source
from migrations_lint.numbering import number_after, title_after
from migrations_lint.outline import outline
from migrations_lint.psql import Cut, as_psql

_NUMBERED = re.compile(r"(?P<number>[0-9]+)(?P<title>(?:_.*)?)")


class RawSql(SendsStatements):
    """One file a way, or one folder a migration with `up.sql` and `down.sql` in it."""

    name = "raw_sql"

    def is_root(self, folder: Path) -> bool:
        """Any folder with SQL files will do; histories of other tools are recognised first."""
        return any(self.files(folder))

    def files(self, root: Path) -> Iterator[Path]:
        """Numbers in names count as numbers: 9 comes before 10."""
        flat = [path for path in root.glob("*.sql") if not _is_down(path)]
        folders = list(root.glob("*/up.sql"))
        yield from sorted(flat, key=natural_key)
        yield from sorted(folders, key=lambda path: natural_key(path.parent))

    def read(self, path: Path, text: str) -> Migration:
        """The way up as given, and the way down from the file beside it."""
        down = _down_of(path)
        is_half_of_a_pair = path.name == "up.sql" or path.name.endswith(".up.sql")
        source = Source(path, text)
        cut = _cut(source)
        back = Source(down, read_text(down)) if is_file(down) else None
        cut_back = _cut(back) if back else Cut(())
        return Migration(
            id=_id(path),
            tool=self.name,
            path=path,
            up=_script(source, cut),
            down=_script(back, cut_back) if back else None,
            problems=(*cut.problems, *(replace(problem, direction=Direction.DOWN) for problem in cut_back.problems)),
            down_path=down if is_half_of_a_pair or back else None,
        )

    def outside_transaction(self, migration: Migration, fragment: Fragment) -> tuple[Edit, ...] | None:
        """Nothing to write: a careful runner sees for itself what no transaction accepts."""
        return ()

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
        """The next number, if it is free and the names of both files begin with one."""
        here, there = (_NUMBERED.fullmatch(each.id) if each else None for each in (migration, before))
        if here is None or (before is not None and there is None):
            return None
        number = number_after(here["number"], there["number"] if there else None)
        if number is None:
            return None
        own_title = here["title"] and title_after(here["title"][1:])
        ending = f"_{title or own_title}" if title or own_title else ""
        if migration.path.name == "up.sql":
            path = migration.path.parent.with_name(number + ending) / "up.sql"
        else:
            path = migration.path.with_name(migration.path.name.replace(migration.id, number + ending, 1))
        return {path: up} if down is None else {path: up, _down_of(path): down}


def _script(source: Source, cut: Cut) -> Script:
    """One transaction, unless the file opens its own or holds a statement that none accepts."""
    pieces = [piece for start, end in cut.parts for piece in outline(source.text[start:end])]
    wrapped = not any(piece.opens_transaction or piece.stands_alone for piece in pieces)
    return joined(part_script(source, start, end, in_transaction=wrapped) for start, end in cut.parts)


def _cut(source: Source) -> Cut:
    """A dump is run by psql: its meta-commands and rows are not SQL."""
    return as_psql(source, begin_of(source.text), len(source.text))


def _is_down(path: Path) -> bool:
    return path.name == "down.sql" or path.name.endswith(".down.sql")


def _down_of(path: Path) -> Path:
    if path.name == "up.sql":
        return path.with_name("down.sql")
    return path.with_name(f"{path.stem.removesuffix('.up')}.down.sql")


def _id(path: Path) -> str:
    return path.parent.name if path.name == "up.sql" else path.stem.removesuffix(".up")


FORMAT: MigrationFormat = RawSql()
