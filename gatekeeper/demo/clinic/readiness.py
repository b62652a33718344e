"""Whether this instance should get traffic: what it saw, and what follows from it."""

from dataclasses import dataclass
from typing import Any

import psycopg

from gatekeeper.demo.clinic.database import Database, PoolState
from gatekeeper.demo.clinic.errors import ApiError
from gatekeeper.demo.clinic.releases import Release


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found out: the state of the database, the schema's head, and the pool."""

    database: str
    schema_head: str | None
    pool: PoolState


@dataclass(frozen=True, slots=True)
class Readiness:
    """The answer. It holds no secret, so that anyone may ask."""

    release: Release
    build: str
    seen: Seen

    @property
    def schema(self) -> str:
        """How the schema fits this release."""
        if self.seen.schema_head is None:
            return "unknown"
        return "ok" if self.seen.schema_head in self.release.works_on else "does not fit"

    @property
    def is_ready(self) -> bool:
        """Whether everything that a request needs is there."""
        return self.seen.database == "ok" and self.schema == "ok"

    def as_json(self) -> dict[str, Any]:
        """The body of `/api/ready`."""
        return {
            "status": "ready" if self.is_ready else "not ready",
            "version": self.release.name,
            "build": self.build,
            "checks": {
                "database": self.seen.database,
                "schema": {"state": self.schema, "head": self.seen.schema_head},
                "pool": {"size": self.seen.pool.size, "inUse": self.seen.pool.in_use},
            },
        }


def look(database: Database) -> Seen:
    """Ask the database. A failure is an answer too."""
    pool = database.pool
    try:
        with database.transaction() as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except ApiError as error:
        return Seen(error.code, None, pool)
    except psycopg.errors.UndefinedTable:
        return Seen("ok", None, pool)
    return Seen("ok", row[0] if row else None, pool)
