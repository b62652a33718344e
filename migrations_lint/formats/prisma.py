"""Prisma Migrate: one folder a migration, `migration.sql` in it, and `down.sql` where the team wrote one."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from migrations_lint.errors import UnreadableMigration
from migrations_lint.files import is_file, natural_key, read_text, sql_script
from migrations_lint.formats import MigrationFormat
from migrations_lint.formats._sending import OpensNoTransaction
from migrations_lint.model import Migration, Script
from migrations_lint.numbering import number_after, title_after
from migrations_lint.outline import has_statements

_LOCK = "migration_lock.toml"
_POSTGRESQL = frozenset({"postgresql", "postgres"})


class Prisma(OpensNoTransaction):
    """Each `migration.sql` is sent to the server as one string."""

    name = "prisma"

    def is_root(self, folder: Path) -> bool:
        """The lock file tells, or the layout where the lock file was not kept."""
        return (folder / _LOCK).is_file() or any(folder.glob("*/migration.sql"))

    def files(self, root: Path) -> Iterator[Path]:
        """In the order of the timestamps; raises UnreadableMigration where they are for another database."""
        _require_postgresql(root / _LOCK)
        folders = [folder for folder in root.iterdir() if folder.is_dir() and not folder.name.startswith(".")]
        for folder in sorted(folders, key=natural_key):
            yield folder / "migration.sql"

    def read(self, path: Path, text: str) -> Migration:
        """The way up as given; Prisma itself never runs the `down.sql` beside it, people do."""
        down = path.with_name("down.sql")
        return Migration(
            id=path.parent.name,
            tool=self.name,
            path=path,
            up=_script(path, text),
            down=_script(down, read_text(down)) if is_file(down) else None,
            title=path.parent.name.partition("_")[2].replace("_", " "),
            down_path=down if is_file(down) else None,
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
        """A folder one second later, if that is before the next one; Prisma sorts by name alone."""
        here, there = _number(migration), _number(before) if before else None
        number = number_after(here, there) if here and (there or before is None) else None
        if number is None or len(number) != len(here):
            return None
        title = title or title_after(migration.path.parent.name.partition("_")[2])
        folder = migration.path.parent.with_name(f"{number}_{title}")
        files = {folder / "migration.sql": up}
        return files if down is None else files | {folder / "down.sql": down}


def _number(migration: Migration) -> str:
    number = migration.path.parent.name.partition("_")[0]
    return number if number.isdecimal() else ""


def _script(path: Path, text: str) -> Script:
    """PostgreSQL makes a transaction of a string with more than one statement."""
    return sql_script(path, text, in_transaction=has_statements(text, 2))


def _require_postgresql(lock: Path) -> None:
    if not lock.is_file():
        return
    try:
        provider = tomllib.loads(read_text(lock)).get("provider")
    except tomllib.TOMLDecodeError as error:
        raise UnreadableMigration(
            lock, f"is not valid TOML: {error}", hint="Restore the file from version control; Prisma wrote it."
        ) from error
    if provider not in _POSTGRESQL:
        raise UnreadableMigration(
            lock,
            f"these migrations are for provider {provider!r}, not for postgresql",
            hint="gatekeeper reads PostgreSQL; give it the folder of a PostgreSQL history.",
        )


FORMAT: MigrationFormat = Prisma()
