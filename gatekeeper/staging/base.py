"""Where a history begins when it does not begin from nothing: the schema of the staging database, by `pg_dump`.

The database is only ever read. Its rows come along where scratch databases lie on the very same server; on any other
one, rows are generated, and what people have entrusted to the database does not leave its server.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gatekeeper.apply.bookkeeping import bookkeeping_of
from gatekeeper.apply.session import DatabaseUnreachable, place, session
from gatekeeper.errors import GatekeeperError
from gatekeeper.model.action import Command
from gatekeeper.process import CannotStart, run
from gatekeeper.staging.cluster import embedded_binaries, machine_binaries
from gatekeeper.staging.errors import StagingUnreachable
from gatekeeper.staging.row_sample import Sample, take_sample
from gatekeeper.staging.server import StagingServer
from gatekeeper.staging.stage import Stage
from migrations_lint.model import Fragment, Migration, Script, Source

APPLICATION = "gatekeeper base"
_LIMITS = (("statement_timeout", "30s"), ("lock_timeout", "2s"))
# Orders to psql, settings that only newer servers know, and words about what may be a stand-in here.
_NOT_FOR_US = re.compile(r"^(\\.*|SET transaction_timeout = .*|COMMENT ON EXTENSION .*)$", re.MULTILINE)
_PASSWORD = "PGPASSWORD"
# Since when a server runs is known to the microsecond: no two have the same.
_WHICH_SERVER = (
    "SELECT pg_postmaster_start_time()::text, (SELECT oid::text FROM pg_database WHERE datname = 'postgres')"
)


class BaseUnusable(GatekeeperError):
    """The staging database cannot be reached, its schema not be dumped, or not be built on the scratch server."""


@dataclass(frozen=True, slots=True)
class Base:
    """The schema of a database as SQL, and which migrations of the history it has; `rows` of each table may come."""

    name: str
    sql: str
    applied: frozenset[Path]
    url: str
    rows: int

    def build(self, stage: Stage, database: str) -> int:
        """Make the schema in an empty scratch database; how many tables got rows too. Raises BaseUnusable."""
        source = Source(Path(self.name), self.sql)
        script = Script((Fragment(self.sql, source, 0, len(self.sql)),))
        ran = stage.advance(database, script, traced=False)
        if ran.failure is not None:
            raise BaseUnusable(
                f"the schema of {self.name} cannot be built on a scratch database: {ran.failure.message}",
                seen=[f"in: {' '.join(ran.failure.statement.split())[:160]}"],
                next_step="Name a scratch server of the same version and extensions with `url` under [staging].",
            )
        if not self.rows or not is_on(self.url, stage.scratch.server):
            return 0
        stage.holds_real_rows = True
        with stage.session(database) as connection:
            return self._sample().put(connection)

    def _sample(self) -> Sample:
        with _session(self.url) as connection, connection.transaction():
            _only_read(connection)
            return take_sample(connection, self.rows)


def base_of(url: str, history: Sequence[Migration], rows: int, version: int) -> Base:
    """Dump the schema of the database at `url` for a scratch server of this version, and read which migrations it has.

    Raises BaseUnusable, or DatabaseUnreachable where its bookkeeping cannot be read.
    """
    with _session(url) as connection:
        try:
            with connection.transaction():
                _only_read(connection)
                applied = frozenset(one.path for one in bookkeeping_of(connection, history).applied)
        except psycopg.Error as error:
            raise DatabaseUnreachable(
                f"cannot read the bookkeeping of {place(url)}",
                seen=[str(error).strip().partition("\n")[0]],
                next_step="The role of `base` under [staging] has to be able to read the migration tool's table.",
            ) from error
        needed = max(version, connection.info.server_version // 10000)
    return Base(place(url), _NOT_FOR_US.sub("", _dumped(url, needed)), applied, url, rows)


def is_on(url: str, server: StagingServer) -> bool:
    """Whether a database lies on this very server."""
    with _session(url) as one, server.connect() as other:
        return one.execute(_WHICH_SERVER).fetchone() == other.execute(_WHICH_SERVER).fetchone()


def _session(url: str) -> Connection[Any]:
    try:
        return session(url, APPLICATION)
    except DatabaseUnreachable as error:
        raise BaseUnusable(
            f"cannot connect to {place(url)}",
            seen=[" ".join(str(error.__cause__).split())] if error.__cause__ else [],
            next_step="Check `base` under [staging] (GATEKEEPER_STAGING__BASE), and that the server is up.",
        ) from error


def _only_read(connection: Connection[Any]) -> None:
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    for setting, value in _LIMITS:
        connection.execute("SELECT set_config(%s, %s, true)", [setting, value])


def _dumped(url: str, version: int) -> str:
    """Schema only, without owners: roles belong to the server. pg_dump reads in one read-only transaction."""
    parts = conninfo_to_dict(url)
    password = str(parts.pop("password", "") or "")
    flags = ("--schema-only", "--no-owner", "--no-publications", "--no-subscriptions", "--lock-wait-timeout=2000")
    command = Command(
        (str(_pg_dump(version)), *flags, make_conninfo("", **parts)),
        "dump the schema of the staging database",
        environment={_PASSWORD: password} if password else {},
        secret=frozenset({_PASSWORD}),
    )
    try:
        dumped = run(command)
    except CannotStart as error:
        raise BaseUnusable("pg_dump cannot be started", next_step="Install PostgreSQL's client programs.") from error
    if not dumped.is_good:
        raise BaseUnusable(
            f"pg_dump cannot read the schema of {place(url)}",
            seen=dumped.told.splitlines()[-3:],
            next_step="The role of `base` under [staging] needs SELECT on its tables and USAGE on its schemas.",
        )
    return dumped.output


def _pg_dump(version: int) -> Path:
    """One that is not older than the server, and as near to it as there is."""
    fitting = sorted((number, folder) for number, folder in machine_binaries().items() if number >= version)
    for _, folder in fitting:
        if (folder / "pg_dump").exists():
            return folder / "pg_dump"
    try:
        return embedded_binaries() / "pg_dump"
    except StagingUnreachable as error:
        raise BaseUnusable(
            f"there is no pg_dump for PostgreSQL {version}", next_step="Install PostgreSQL's client programs."
        ) from error
