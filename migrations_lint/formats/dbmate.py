"""dbmate: one SQL file a migration, cut in two by `-- migrate:up` and `-- migrate:down`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from migrations_lint.errors import UnreadableMigration
from migrations_lint.files import begin_of, joined, line_of, sample, string_script
from migrations_lint.formats import MigrationFormat
from migrations_lint.formats._sending import SendsOneString
from migrations_lint.model import Direction, Edit, Fragment, Migration, Script, Source
from migrations_lint.numbering import number_after, title_after
from migrations_lint.outline import has_statements

_NAME = re.compile(r"(?P<version>[0-9]+)_?(?P<title>.*)\.sql")
_MARK = re.compile(r"^--[ \t]*migrate:(?P<way>up|down)(?P<options>[ \t]+\S.*?)?[ \t\r]*$", re.MULTILINE)


class Dbmate(SendsOneString):
    """Each block is sent to the server as one string."""

    name = "dbmate"

    def is_root(self, folder: Path) -> bool:
        """Numbered SQL files with dbmate's marks in them."""
        return any(_MARK.search(text) for text in sample(self.files(folder)))

    def files(self, root: Path) -> Iterator[Path]:
        """In the order of their names as text: `10_x` runs before `9_x`."""
        yield from sorted(path for path in root.glob("*.sql") if _NAME.fullmatch(path.name))

    def read(self, path: Path, text: str) -> Migration:
        """Every pair of blocks; raises UnreadableMigration where dbmate would refuse the file."""
        name = _NAME.fullmatch(path.name)
        if name is None:
            raise UnreadableMigration(path, "is not named as dbmate expects", hint="Name it VERSION_title.sql.")
        source = Source(path, text)
        blocks = _blocks(source)
        return Migration(
            id=name["version"],
            tool=self.name,
            path=path,
            up=_script(source, [block for block in blocks if block.direction is Direction.UP]),
            down=_script(source, [block for block in blocks if block.direction is Direction.DOWN]),
            title=name["title"].replace("_", " "),
            down_path=path,
        )

    def outside_transaction(self, migration: Migration, fragment: Fragment) -> tuple[Edit, ...] | None:
        """`transaction:false` on the block's mark, which helps only a statement that is alone in its block."""
        if not fragment.in_transaction:
            return ()
        if has_statements(fragment.sql, 2):
            return None
        mark = next(block.mark for block in _blocks(fragment.source) if block.start == fragment.start)
        at = len(mark[0].rstrip()) + mark.start()
        return (Edit(fragment.source.path, at, at, " transaction:false"),)

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
        """The next version, if it is free and as long: dbmate sorts names as text."""
        name = _NAME.fullmatch(migration.path.name)
        number = number_after(migration.id, before.id if before else None)
        if name is None or number is None or len(number) != len(migration.id):
            return None
        options = "" if in_transaction else " transaction:false"
        text = f"-- migrate:up{options}\n{up}\n-- migrate:down{options}\n{down or ''}"
        return {migration.path.with_name(f"{number}_{title or title_after(name['title'])}.sql"): text}


@dataclass(frozen=True, slots=True)
class _Block:
    mark: re.Match[str]
    end: int

    @property
    def start(self) -> int:
        return self.mark.end()

    @property
    def direction(self) -> Direction:
        return Direction(self.mark["way"])

    @property
    def in_transaction(self) -> bool:
        """The last of several `transaction:…` counts, and only `false` switches it off."""
        pairs = [option.split(":") for option in (self.mark["options"] or "").split()]
        values = [pair[1] for pair in pairs if len(pair) == 2 and pair[0] == "transaction"]
        return values[-1:] != ["false"]


def _blocks(source: Source) -> list[_Block]:
    """The file cut at its marks; raises UnreadableMigration where they do not come in pairs."""
    text, path = source.text, source.path
    marks = list(_MARK.finditer(text, begin_of(text)))
    for number, mark in enumerate(marks):
        if mark["way"] != ("down" if number % 2 else "up"):
            raise UnreadableMigration(
                path,
                f"has a '{mark['way']}' block where a '{'down' if number % 2 else 'up'}' block is due",
                hint="Let a '-- migrate:up' line be followed by a '-- migrate:down' line; the block may be empty.",
                line=line_of(text, mark.start()),
            )
    if len(marks) % 2 or not marks:
        missing = "down" if marks else "up"
        raise UnreadableMigration(
            path,
            f"has no '-- migrate:{missing}' line",
            hint=f"Add a '-- migrate:{missing}' line; dbmate refuses the file without, and the block may be empty.",
        )
    _refuse_statements_before(source, marks[0].start())
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return [_Block(mark, end) for mark, end in zip(marks, ends, strict=True)]


def _refuse_statements_before(source: Source, first: int) -> None:
    for number, line in enumerate(source.text[begin_of(source.text) : first].split("\n"), start=1):
        if line.strip() and not line.lstrip().startswith("--"):
            raise UnreadableMigration(
                source.path,
                "has text before the first '-- migrate:up' line",
                hint="Move it below that line; dbmate refuses the file as it is.",
                line=number,
            )


def _script(source: Source, blocks: list[_Block]) -> Script:
    return joined(
        string_script(source, block.start, block.end, in_transaction=block.in_transaction) for block in blocks
    )


FORMAT: MigrationFormat = Dbmate()
