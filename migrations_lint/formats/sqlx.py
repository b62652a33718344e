"""sqlx: `7_title.sql` alone, or `7_title.up.sql` with `7_title.down.sql`, beside a Rust project."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from migrations_lint.errors import UnreadableMigration
from migrations_lint.files import begin_of, is_file, read_text, sample, string_script, uses_crate
from migrations_lint.formats import MigrationFormat
from migrations_lint.formats._sending import SendsOneString
from migrations_lint.model import Edit, Fragment, Migration, Script, Source
from migrations_lint.numbering import number_after, title_after
from migrations_lint.outline import has_statements
from migrations_lint.timeouts import line_end

_NAME = re.compile(r"(?P<version>[+]?[0-9]+)_(?P<title>.*?)(?P<way>\.up|\.down)?\.sql")
_TEMPLATES = ("-- Add migration script here", "-- Add up migration script here", "-- Add down migration script here")
_NO_TRANSACTION = "-- no-transaction"


class Sqlx(SendsOneString):
    """Each file is sent to the server as one string."""

    name = "sqlx"

    def is_root(self, folder: Path) -> bool:
        """Numbered files in a Rust project that uses sqlx, or that begin as `sqlx migrate add` writes them."""
        numbered = [path for path in folder.glob("*.sql") if _NAME.fullmatch(path.name)]
        if not numbered:
            return False
        marks = (*_TEMPLATES, _NO_TRANSACTION)
        return any(text.startswith(marks) for text in sample(numbered)) or uses_crate(folder, "sqlx")

    def files(self, root: Path) -> Iterator[Path]:
        """In the order of their numbers; a file with an underscore and no number in front of it stops sqlx."""
        files = [path for path in root.glob("*.sql") if "_" in path.name and path.is_file()]
        ways_up = [path for path in files if not path.name.endswith(".down.sql")]
        yield from sorted(ways_up, key=lambda path: (_number(path), path.name))

    def read(self, path: Path, text: str) -> Migration:
        """The way up as given, and the way down with the same number."""
        name = _NAME.fullmatch(path.name)
        if name is None:
            raise UnreadableMigration(
                path,
                "has no whole number before its first underscore, which stops sqlx",
                hint="Name it VERSION_title.sql, or move it to another folder.",
            )
        down = _down_of(path, name) if name["way"] else None
        return Migration(
            id=name["version"],
            tool=self.name,
            path=path,
            up=_script(path, text),
            down=_script(down, read_text(down)) if down is not None and is_file(down) else None,
            title=name["title"].replace("_", " "),
            down_path=down,
        )

    def outside_transaction(self, migration: Migration, fragment: Fragment) -> tuple[Edit, ...] | None:
        """`-- no-transaction` at the very beginning, which helps only a statement that is alone in its file."""
        text = fragment.source.text
        if not fragment.in_transaction:
            return ()
        if has_statements(fragment.sql, 2) or begin_of(text):
            return None
        return (Edit(fragment.source.path, 0, 0, _NO_TRANSACTION + line_end(text)),)

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
        head = "" if in_transaction else f"{_NO_TRANSACTION}\n"
        stem = f"{number}_{title or title_after(name['title'])}"
        files = {migration.path.with_name(f"{stem}{name['way'] or ''}.sql"): head + up}
        return files if down is None else files | {migration.path.with_name(f"{stem}.down.sql"): head + down}


def _number(path: Path) -> int:
    name = _NAME.fullmatch(path.name)
    return int(name["version"]) if name else 0


def _script(path: Path, text: str) -> Script:
    """sqlx looks for the comment at the first byte; one behind a byte order mark does not count."""
    in_transaction = not text.startswith(_NO_TRANSACTION)
    return string_script(Source(path, text), begin_of(text), len(text), in_transaction=in_transaction)


def _down_of(up: Path, name: re.Match[str]) -> Path:
    """The title may differ; sqlx goes by the number."""
    twin = up.with_name(up.name.removesuffix(".up.sql") + ".down.sql")
    if is_file(twin):
        return twin
    same = (path for path in sorted(up.parent.glob("*.down.sql")) if _number(path) == int(name["version"]))
    return next(same, twin)


FORMAT: MigrationFormat = Sqlx()
