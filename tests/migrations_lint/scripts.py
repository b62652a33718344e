"""SQL text made into migrations, the way a plain format would, for tests that are not about formats."""

from dataclasses import replace
from pathlib import Path

from migrations_lint.model import Fragment, Migration, Script, Source
from tests.pages import Section, bare

MIGRATIONS = frozenset({"", "outside", "refused"})  # what an `sql` block that is a migration may say of itself


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


def history_of(example: Section) -> list[Migration]:
    """A page's example: 1 builds the schema before it, each `sql` block is a migration, a `down` the way back.

    A `refused` block runs outside a transaction, as an `outside` one does.
    """
    history = [migration(example.text("sql", "before") or "", name="1")]
    for block in example.blocks:
        if (block.language, block.word) == ("sql", "down"):
            history[-1] = replace(history[-1], down=script(bare(block.text), path=f"{history[-1].id}.down.sql"))
        elif block.language == "sql" and block.word in MIGRATIONS:
            name = str(len(history) + 1)
            history.append(migration(bare(block.text), name=name, in_transaction=block.word == ""))
    return history
