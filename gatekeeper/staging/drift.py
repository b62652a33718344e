"""Drift: a live database against what the history builds, up to where its bookkeeping says that it stands."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import Connection

from gatekeeper.apply.bookkeeping import Bookkeeping, bookkeeping_of
from gatekeeper.apply.session import DatabaseUnreachable, place, session
from gatekeeper.model.drift import Applied, Drift
from gatekeeper.staging.built import Built, built
from gatekeeper.staging.catalog import Catalog, catalog_of
from gatekeeper.staging.comparable import at_home, between_versions, without_schemas, without_stand_ins
from gatekeeper.staging.compare import compare
from gatekeeper.staging.server import StagingServer
from migrations_lint.model import Migration

APPLICATION = "gatekeeper drift"
_LIMITS = (("statement_timeout", "30s"), ("lock_timeout", "2s"))
# Where this program keeps releases, and Sqitch its changes: no migration makes them.
_OF_TOOLS = frozenset({"gatekeeper", "gatekeeper_workflow"})


@dataclass(frozen=True, slots=True)
class Live:
    """What a live database was seen to hold, in one moment."""

    name: str
    version: int
    catalog: Catalog
    kept: Bookkeeping


def look_at(url: str, history: Sequence[Migration]) -> Live:
    """Its catalog and its bookkeeping, in one read-only transaction; never a row of a user's table.

    Raises DatabaseUnreachable where it does not let us in, or its catalog is locked by somebody's migration.
    """
    with session(url, APPLICATION) as connection:
        try:
            return _look(connection, place(url), history)
        except psycopg.Error as error:
            raise DatabaseUnreachable(
                f"cannot read the catalog of {place(url)}",
                seen=[str(error).strip().partition("\n")[0]],
                next_step="A migration may be at work there, or the role may not read its bookkeeping table.",
            ) from error


def _look(connection: Connection[Any], name: str, history: Sequence[Migration]) -> Live:
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for setting, value in _LIMITS:
            connection.execute("SELECT set_config(%s, %s, true)", [setting, value])
        kept = bookkeeping_of(connection, history)
        return Live(name, connection.info.server_version // 10000, catalog_of(connection), kept)


def drift_of(
    live: Live,
    history: Sequence[Migration],
    server: StagingServer,
    statement_timeout: timedelta,
    tolerate: Collection[str],
) -> Drift:
    """Build what the database says it has on a scratch database of `server`, and compare.

    Raises HistoryDoesNotBuild.
    """
    migrations = live.kept.applied if live.kept.tables else tuple(history)
    with built(server, migrations, statement_timeout) as home:
        differences = compare(*_comparable(home, live, server), tolerate)
        notes = tuple(_notes(home, live, server, migrations))
    return Drift("database", live.name, server.version, differences, live.version, _applied(live.kept, history), notes)


def _comparable(home: Built, live: Live, server: StagingServer) -> tuple[Catalog, Catalog]:
    schemas = _OF_TOOLS | {table.partition(".")[0] for table in live.kept.tables if table.startswith("sqitch.")}
    theirs = without_schemas(live.catalog, schemas)
    pair = [at_home(without_stand_ins(one, home.stood_in)) for one in (home.catalog, theirs)]
    if server.version != live.version:
        pair = [between_versions(one) for one in pair]
    return pair[0], pair[1]


def _applied(kept: Bookkeeping, history: Sequence[Migration]) -> Applied | None:
    if not kept.tables:
        return None
    there = {migration.path for migration in kept.applied}
    pending = tuple(migration.id for migration in history if migration.path not in there)
    return Applied(kept.tables, len(kept.applied), kept.last, pending, kept.unknown)


def _notes(home: Built, live: Live, server: StagingServer, migrations: Sequence[Migration]) -> Iterator[str]:
    """What the answer rests on."""
    if not live.kept.tables:
        yield "it has no bookkeeping table that we know, so it was compared with the whole history"
    if live.kept.unknown:
        yield f"its bookkeeping names what these files do not have: {', '.join(live.kept.unknown[:5])}"
    if server.version != live.version:
        yield (
            f"the history was built on PostgreSQL {server.version}, the database is {live.version}: what these two "
            "tell differently of one schema is left out"
        )
    if home.stood_in:
        yield f"the extensions {', '.join(sorted(home.stood_in))} were stood in for, and are left out"
    for migration in migrations:
        for problem in migration.problems:
            yield f"not all of {migration.id} could be read: {problem.message}"
