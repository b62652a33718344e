"""golang-migrate: `7_title.up.sql` and `7_title.down.sql`, paired by the number alone."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from migrations_lint.errors import UnreadableMigration
from migrations_lint.files import is_file, read_text, sql_script, uses_crate
from migrations_lint.formats import MigrationFormat
from migrations_lint.formats._sending import OpensNoTransaction
from migrations_lint.model import Migration, Script
from migrations_lint.numbering import number_after, title_after
from migrations_lint.outline import has_statements

_NAME = re.compile(r"(?P<version>[0-9]+)_(?P<title>.*)\.(?P<way>up|down)\.sql")


class GolangMigrate(OpensNoTransaction):
    """Each file is sent to the server as one string."""

    name = "golang_migrate"

    def is_root(self, folder: Path) -> bool:
        """A folder with at least one numbered way up, unless it belongs to a Rust project that uses sqlx."""
        return any(self.files(folder)) and not uses_crate(folder, "sqlx")

    def files(self, root: Path) -> Iterator[Path]:
        """In the order of their numbers, whatever the zeros in front of them."""
        named = [(match, path) for path in root.glob("*.up.sql") if (match := _NAME.fullmatch(path.name))]
        for _, path in sorted(named, key=lambda pair: (int(pair[0]["version"]), pair[1].name)):
            yield path

    def read(self, path: Path, text: str) -> Migration:
        """The way up as given, and the way down with the same number."""
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise UnreadableMigration(
                path, "is not named as golang-migrate expects", hint="Name it NUMBER_title.up.sql."
            )
        down = _down_of(path, match)
        return Migration(
            id=match["version"],
            tool=self.name,
            path=path,
            up=_script(path, text),
            down=_script(down, read_text(down)) if down else None,
            title=match["title"].replace("_", " "),
            down_path=down or path.with_name(path.name.removesuffix(".up.sql") + ".down.sql"),
            in_one_string=True,
        )

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
        """The next number, if no other migration has it; what stands alone in its file runs outside a transaction."""
        name = _NAME.fullmatch(migration.path.name)
        number = number_after(migration.id, before.id if before else None)
        if name is None or number is None:
            return None
        stem = f"{number}_{title or title_after(name['title'])}"
        files = {migration.path.with_name(f"{stem}.up.sql"): up}
        return files if down is None else files | {migration.path.with_name(f"{stem}.down.sql"): down}


def _script(path: Path, text: str) -> Script:
    """PostgreSQL makes a transaction of a string with more than one statement."""
    return sql_script(path, text, in_transaction=has_statements(text, 2))


def _down_of(up: Path, name: re.Match[str]) -> Path | None:
    """The title may differ; where a number is used twice, the same title decides."""
    twin = up.with_name(up.name.removesuffix(".up.sql") + ".down.sql")
    if is_file(twin):
        return twin
    names = sorted(file.name for file in up.parent.iterdir() if file.name.endswith(".down.sql"))
    downs = [match for file in names if (match := _NAME.fullmatch(file))]
    same = [match for match in downs if int(match["version"]) == int(name["version"])]
    best = next((match for match in same if name["title"] in match["title"]), same[0] if same else None)
    return up.with_name(best.string) if best else None


FORMAT: MigrationFormat = GolangMigrate()
