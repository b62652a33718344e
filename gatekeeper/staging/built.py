"""A history built on a scratch database, without rows or proofs, for others to compare with."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from gatekeeper.errors import GatekeeperError
from gatekeeper.staging.at_hand import extensions_of
from gatekeeper.staging.catalog import Catalog
from gatekeeper.staging.scratch import scratch
from gatekeeper.staging.server import StagingServer
from gatekeeper.staging.stage import Stage
from migrations_lint.model import Migration


class HistoryDoesNotBuild(GatekeeperError):
    """A migration of the history fails on an empty database, so that there is nothing to compare with."""

    def __init__(self, migration: Migration, statement: str, message: str) -> None:
        said = f"in: {' '.join(statement.split())[:160]}" if statement else f"in {migration.path}"
        super().__init__(
            f"the history does not build a schema to compare with: {migration.id} fails: {message}",
            seen=[said],
            next_step="`gatekeeper verify --all` shows where the history breaks; it has to run on an empty database.",
        )


@dataclass(frozen=True, slots=True)
class Built:
    """The scratch database that holds the schema, and where it stands."""

    stage: Stage
    database: str
    catalog: Catalog

    @property
    def stood_in(self) -> frozenset[str]:
        """The extensions that were replaced."""
        return frozenset(self.stage.stand_ins.extensions)


@contextlib.contextmanager
def built(server: StagingServer, migrations: Sequence[Migration], statement_timeout: timedelta) -> Iterator[Built]:
    """Run all ways up on a new scratch database, which goes when this ends. Raises HistoryDoesNotBuild."""
    with scratch(server) as databases:
        stage = Stage(databases, statement_timeout)
        try:
            stage.check(extensions_of(migrations))
            database = databases.create()
            for migration in migrations:
                ran = stage.advance(database, migration.up, traced=False)
                if ran.failure is not None:
                    raise HistoryDoesNotBuild(migration, ran.failure.statement, ran.failure.message)
            yield Built(stage, database, stage.catalog(database))
        finally:
            stage.close()
