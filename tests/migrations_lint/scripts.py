"""SQL text made into migrations, the way a plain format would, for tests that are not about formats."""

from pathlib import Path

from migrations_lint.model import Fragment, Migration, Script, Source
from migrations_lint.rule_pages import MIGRATIONS, history_of

__all__ = ["MIGRATIONS", "history_of", "migration", "script"]


def script(sql: str, *, path: str = "migration.sql", in_transaction: bool = True) -> Script:
    source = Source(Path(path), sql)
    return Script((Fragment(sql, source, 0, len(sql), in_transaction=in_transaction),))


def migration(
    up: str, *, down: str | None = None, name: str = "2", in_transaction: bool = True, tool: str = "raw_sql"
) -> Migration:
    return Migration(
        id=name,
        tool=tool,
        path=Path(f"{name}.sql"),
        up=script(up, path=f"{name}.sql", in_transaction=in_transaction),
        down=script(down, path=f"{name}.down.sql") if down is not None else None,
    )
