"""Where each tool of plain SQL expects a script, and what it wants around it, for tests that try all of them."""

from dataclasses import dataclass
from pathlib import Path

from migrations_lint.formats import formats
from migrations_lint.model import Migration


@dataclass(frozen=True)
class Layout:
    """The path of the way up below the root, and the lines that frame its SQL."""

    path: str
    head: str = ""
    tail: str = ""

    def framed(self, sql: str) -> str:
        return f"{self.head}{sql}{self.tail}"


LAYOUTS = {
    "dbmate": Layout("1_a.sql", "-- migrate:up\n", "\n-- migrate:down\n"),
    "diesel": Layout("1_a/up.sql"),
    "flyway": Layout("V1__a.sql"),
    "golang_migrate": Layout("1_a.up.sql"),
    "goose": Layout("1_a.sql", "-- +goose Up\n-- +goose StatementBegin\n", "\n-- +goose StatementEnd\n"),
    "prisma": Layout("1_a/migration.sql"),
    "raw_sql": Layout("1_a.up.sql"),
    "sqitch": Layout("deploy/a.sql"),
    "sqlx": Layout("1_a.up.sql"),
}


def read(tool: str, text: str, folder: Path) -> Migration:
    """Read a whole file's text as the tool's own."""
    return formats()[tool].read(folder / LAYOUTS[tool].path, text)
