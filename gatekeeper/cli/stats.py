"""`gatekeeper stats`: sizes and catalog of a database, for the linter."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekeeper.cli.shared import Invocation, command, target_of, write_answer

if TYPE_CHECKING:
    from datetime import timedelta

    from migrations_lint.stored_snapshot import StoredSnapshot

_LARGEST = 10


@click.group()
def stats() -> None:
    """Sizes of production, so that the linter can speak in rows and minutes."""


@stats.add_command
@command()
@click.option("--url", metavar="URL", help="The database; any role that may connect will do.")
@click.option("--statement-timeout", metavar="TIME", default="30s", show_default=True, help="For each query.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the snapshot to a file.")
def pull(invocation: Invocation, url: str | None, statement_timeout: str, output: Path | None) -> None:
    """Write a snapshot of a database as JSON: its catalog and sizes, never a row of a table.

    It reads catalogs only, in one read-only transaction, and waits for no lock on a table. `gatekeeper lint --snapshot
    FILE` then says how many rows a migration rewrites, and for about how long. Exits 3 when the database cannot be
    reached or does not answer in time.
    """
    from gatekeeper.staging.snapshot import pull as read
    from migrations_lint.stored_snapshot import as_json

    stored = read(target_of(invocation, url), _duration(statement_timeout))
    write_answer(as_json(stored), output)
    if output is not None:
        invocation.err.print(_summary(stored))


def _duration(text: str) -> "timedelta":
    from gatekeeper.config.durations import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--statement-timeout") from error


def _summary(stored: "StoredSnapshot") -> str:
    """What was read, and the largest tables, by which a person sees whether it is the right database."""
    from migrations_lint.impact import in_bytes, in_words

    sized = [(t.size.heap_bytes or 0, t.size.rows or 0, t.relation) for t in stored.schema.tables.values() if t.size]
    lines = [f"{stored.database}, PostgreSQL {stored.server_version}: {len(sized)} tables"]
    for size, rows, relation in sorted(sized, reverse=True)[:_LARGEST]:
        lines.append(f"  {relation}: {in_words(rows)} rows, {in_bytes(size)}")
    return "\n".join(lines)
