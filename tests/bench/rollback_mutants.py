"""Which tool notices what an imperfect way down leaves: our comparison, pg_dump, Alembic's autogenerate and migra.

Every mutant and every control of `tests/staging/mutants` is applied to a copy of one database; each tool then says
whether the copy differs from the original. `python -m tests.bench.rollback_mutants` prints the table; with `--write` it
goes into `docs/concepts/rollback-mutants.md` too. migra gets an environment of its own, for it needs old libraries.
"""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import click
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, MetaData, create_engine
from sqlalchemy.pool import NullPool

from gatekeeper.staging.catalog import Catalog, catalog_of
from gatekeeper.staging.compare import compare, refutes
from gatekeeper.staging.data_probe import DataDigest, compare_data, digest
from gatekeeper.staging.scratch import Scratch, scratch
from gatekeeper.staging.server import StagingServer, embedded_server
from tests.conftest import url_of
from tests.pages import ROOT
from tests.staging.dump import schema_text
from tests.staging.mutants import CONTROLS, GRADES, MUTANTS, SCHEMA

PAGE = ROOT / "docs" / "concepts" / "rollback-mutants.md"
_MIGRA = ROOT / "build" / "bench" / "migra"
_MIGRA_PACKAGES = ("migra==3.0.1663481299", "psycopg2-binary", "sqlalchemy<2", "setuptools<81")
_MIGRA_LOOP = """
import sys
from migra import Migration
from sqlbag import S
for line in sys.stdin:
    with S(line.split()[0]) as before, S(line.split()[1]) as after:
        migration = Migration(before, after)
        migration.set_safety(False)
        migration.add_all_changes(privileges=True)
        answer = "differs" if migration.statements else "equal"
    print(answer, flush=True)
"""


class Checker(Protocol):
    """A tool that says whether a database differs from the base."""

    name: str

    def differs(self, database: str) -> bool:
        """Compare with the base; raises where the tool cannot say."""


class Ours:
    """What `gatekeeper verify` compares."""

    name = "gatekeeper"

    def __init__(self, server: StagingServer, base: str) -> None:
        self._server = server
        self._before = self._read(base)

    def _read(self, database: str) -> tuple[Catalog, DataDigest]:
        with contextlib.closing(self._server.connect(database)) as connection:
            return catalog_of(connection), digest(connection)

    def differs(self, database: str) -> bool:
        catalog, data = self._read(database)
        return refutes(compare(self._before[0], catalog)) or bool(compare_data(self._before[1], data))


class PgDump:
    """The text of `pg_dump --schema-only` before and after; its order of columns counts."""

    name = "pg_dump -s"

    def __init__(self, server: StagingServer, base: str) -> None:
        self._server = server
        self._before = schema_text(server, base)

    def differs(self, database: str) -> bool:
        return schema_text(self._server, database) != self._before


class Alembic:
    """Autogenerate against the base as SQLAlchemy reflects it, with types and defaults compared."""

    name = "Alembic autogenerate"

    def __init__(self, server: StagingServer, base: str) -> None:
        self._server = server
        self._models = MetaData()
        with self._engine(base).connect() as connection:
            self._models.reflect(connection)

    def _engine(self, database: str) -> Engine:
        url = url_of(self._server, database).replace("postgresql://", "postgresql+psycopg://", 1)
        return create_engine(url, poolclass=NullPool)

    def differs(self, database: str) -> bool:
        options = {"compare_type": True, "compare_server_default": True}
        with self._engine(database).connect() as connection:
            return bool(compare_metadata(MigrationContext.configure(connection, opts=options), self._models))


class Migra:
    """migra with privileges, in one process for all comparisons."""

    name = "migra"

    def __init__(self, server: StagingServer, base: str) -> None:
        self._server, self._base = server, base
        python = _MIGRA / "bin" / "python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(_MIGRA)], check=True)
            subprocess.run([str(python), "-m", "pip", "install", "--quiet", *_MIGRA_PACKAGES], check=True)
        self._start(python)

    def _start(self, python: Path) -> None:
        command = [str(python), "-W", "ignore", "-c", _MIGRA_LOOP]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def differs(self, database: str) -> bool:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(*(url_of(self._server, one) for one in (self._base, database)), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline().strip()
        if not answer:
            self._start(_MIGRA / "bin" / "python")
            raise RuntimeError("migra gave up")
        return answer == "differs"


@dataclass
class Column:
    """One tool's column of the table."""

    checker: Checker
    found: dict[str, bool | None] = field(default_factory=dict)
    seconds: float = 0.0

    def ask(self, case: str, database: str) -> None:
        """None stands for a tool that fell over."""
        began = time.monotonic()
        try:
            self.found[case] = self.checker.differs(database)
        except Exception:  # noqa: BLE001 - whatever another tool raises is its answer
            self.found[case] = None
        self.seconds += time.monotonic() - began

    def count(self, cases: Sequence[str]) -> int:
        """How many of these it called different."""
        return sum(self.found.get(case) is True for case in cases)


def run() -> tuple[list[Column], int]:
    """Show every mutant and control to every tool; the columns, and the server's version."""
    with embedded_server() as server, scratch(server) as databases:
        base = databases.create()
        with contextlib.closing(server.connect(base)) as session:
            session.execute(SCHEMA.encode())
        original = databases.create(base)  # the tools keep sessions, and a template may have none
        columns = [Column(checker) for checker in _checkers(server, original)]
        for case in [*(mutant.sql for mutant in MUTANTS if mutant.since <= server.version), *CONTROLS]:
            with _changed(server, databases, base, case) as database:
                for column in columns:
                    column.ask(case, database)
            click.echo(".", nl=False, err=True)
        return columns, server.version


def _checkers(server: StagingServer, base: str) -> Iterator[Checker]:
    yield from (make(server, base) for make in (Ours, PgDump, Alembic))
    try:
        yield Migra(server, base)
    except (OSError, subprocess.CalledProcessError) as error:
        click.echo(f"migra is left out: {error}", err=True)


@contextlib.contextmanager
def _changed(server: StagingServer, databases: Scratch, base: str, case: str) -> Iterator[str]:
    database = databases.create(base)
    with contextlib.closing(server.connect(database)) as session:
        session.execute(case.encode())
    yield database
    databases.drop(database)


def page(columns: Sequence[Column], version: int) -> str:
    """The page of the docs."""
    mutants = [mutant for mutant in MUTANTS if mutant.since <= version]
    names = " | ".join(column.checker.name for column in columns)
    rule = "|---" * (len(columns) + 1) + "|"
    rows = [_row(grade, [m.sql for m in mutants if m.grade == grade], columns) for grade in GRADES]
    total = _row("all mutants", [mutant.sql for mutant in mutants], columns)
    controls = _row("controls called different", CONTROLS, columns)
    speed = " | ".join(f"{column.seconds / len(column.found):.2f} s" for column in columns)
    detail = [
        f"| `{case.replace('|', chr(92) + '|')}` | " + " | ".join(_mark(column, case) for column in columns) + " |"
        for case in [*(mutant.sql for mutant in mutants), *CONTROLS]
    ]
    parts = [_HEAD.format(mutants=len(mutants), controls=len(CONTROLS), version=version)]
    parts += [f"| | {names} |", rule, *rows, total, controls, f"| time for each comparison | {speed} |"]
    parts += [_NOTES, f"| change | {names} |", rule, *detail, ""]
    return "\n".join(parts)


def _row(title: str, cases: Sequence[str], columns: Sequence[Column]) -> str:
    return f"| {title} ({len(cases)}) | " + " | ".join(str(column.count(cases)) for column in columns) + " |"


def _mark(column: Column, case: str) -> str:
    return {True: "found", False: "–", None: "error"}[column.found.get(case)]


_HEAD = """# What rollback checkers find

<!-- Written by `make mutants`. -->

A way down that is almost right leaves one thing other than it was. Here are {mutants} such single faults and {controls}
changes that are no fault, because everything ends as it was. Each is made on a copy of one database on PostgreSQL
{version}; each tool compares the copy with the original. A good checker finds every fault and no control.
"""
_NOTES = """
- *data* are faults in rows and sequence positions: nobody but gatekeeper claims to look at them.
- `pg_dump -s` is its text before and after, the order of columns included. Alembic compares types and defaults too;
  it reads only what SQLAlchemy models know. migra compares privileges too.
- *error* means that the tool fell over. The times are those of one run with all the tools on one machine.

## One by one
"""


@click.command(help=__doc__)
@click.option("--write", is_flag=True, help=f"Write {PAGE.relative_to(ROOT)}.")
def main(write: bool) -> None:
    """Print the table; `--write` puts it into the docs."""
    text = page(*run())
    if write:
        PAGE.write_text(text, encoding="utf-8")
    click.echo(text.partition("\n## ")[0])


if __name__ == "__main__":
    main()
