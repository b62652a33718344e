"""diesel: a folder for each migration with `up.sql`, `down.sql` and perhaps `metadata.toml` in it."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from migrations_lint.errors import UnreadableMigration
from migrations_lint.files import begin_of, is_file, manifest_above, read_text, string_script, uses_crate
from migrations_lint.formats import MigrationFormat
from migrations_lint.formats._sending import SendsOneString
from migrations_lint.model import Edit, Fragment, Migration, Script, Source
from migrations_lint.numbering import number_after, title_after
from migrations_lint.outline import has_statements
from migrations_lint.timeouts import line_end

_GENERATED = re.compile(r"\d{4}-\d{2}-\d{2}-\d{6}(?:-\d{4})?_.*|00000000000000_diesel_initial_setup")
_SETTING = re.compile(r"(?m)^[ \t]*run_in_transaction[ \t]*=[ \t]*(?P<value>\w+)")


class Diesel(SendsOneString):
    """Each file is sent to the server as one string."""

    name = "diesel"

    def is_root(self, folder: Path) -> bool:
        """Folders with an `up.sql`, named as `diesel migration generate` does or beside a project that uses diesel."""
        names = [path.parent.name for path in folder.glob("*/up.sql")]
        if not names:
            return False
        if any(_GENERATED.fullmatch(name) for name in names):
            return True
        return manifest_above(folder, "diesel.toml") is not None or uses_crate(folder, "diesel")

    def files(self, root: Path) -> Iterator[Path]:
        """In the order of their versions as text; folders without a file are passed over, as diesel does."""
        folders = [entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
        for folder in sorted(folders, key=lambda folder: (_version(folder), folder.name)):
            if any(folder.iterdir()):
                yield folder / "up.sql"

    def read(self, path: Path, text: str) -> Migration:
        """Both ways; `metadata.toml` speaks for both."""
        in_transaction = _runs_in_transaction(path.with_name("metadata.toml"))
        down = path.with_name("down.sql")
        return Migration(
            id=_version(path.parent),
            tool=self.name,
            path=path,
            up=_script(path, text, in_transaction=in_transaction),
            down=_script(down, read_text(down), in_transaction=in_transaction) if is_file(down) else None,
            title=path.parent.name.partition("_")[2].replace("_", " "),
            down_path=down,
        )

    def outside_transaction(self, migration: Migration, fragment: Fragment) -> tuple[Edit, ...] | None:
        """`run_in_transaction = false` in `metadata.toml`, which helps only a statement that is alone in its file."""
        if not fragment.in_transaction:
            return ()
        if has_statements(fragment.sql, 2):
            return None
        return (_switched_off(migration.path.with_name("metadata.toml")),)

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
        """A folder one second later, if that is before the next one; without its transaction by `metadata.toml`."""
        version, _, own_title = migration.path.parent.name.partition("_")
        number = number_after(migration.id, before.id if before else None) if migration.id.isdecimal() else None
        if number is None or len(number) != len(migration.id) or (before and not before.id.isdecimal()):
            return None
        digits = iter(number)
        name = "".join(next(digits) if character.isdecimal() else character for character in version)
        folder = migration.path.parent.with_name(f"{name}_{title or title_after(own_title)}")
        files = {folder / "up.sql": up}
        if down is not None:
            files[folder / "down.sql"] = down or "-- There is nothing to take back.\n"
        return files if in_transaction else files | {folder / "metadata.toml": "run_in_transaction = false\n"}


def _version(folder: Path) -> str:
    return folder.name.partition("_")[0].replace("-", "")


def _script(path: Path, text: str, *, in_transaction: bool) -> Script:
    return string_script(Source(path, text), begin_of(text), len(text), in_transaction=in_transaction)


def _runs_in_transaction(metadata: Path) -> bool:
    """diesel runs in a transaction where the file is absent or no TOML, but not where it does not say so."""
    if not is_file(metadata):
        return True
    try:
        return tomllib.loads(read_text(metadata)).get("run_in_transaction", False) is True
    except (tomllib.TOMLDecodeError, UnreadableMigration):
        return True


def _switched_off(metadata: Path) -> Edit:
    text = read_text(metadata) if is_file(metadata) else ""
    setting = _SETTING.search(text)
    if setting is None:
        return Edit(metadata, 0, 0, f"run_in_transaction = false{line_end(text)}")
    return Edit(metadata, setting.start("value"), setting.end("value"), "false")


FORMAT: MigrationFormat = Diesel()
