"""What is applied already, in the table of the migration's own tool, so that both agree about what is pending."""

import hashlib
import uuid
from collections.abc import Sequence
from typing import Any, Protocol

from psycopg import Connection

from migrations_lint.model import Migration


class Ledger(Protocol):
    """The bookkeeping of one tool. `record` runs in the transaction that applies the migration."""

    table: str

    def prepare(self, connection: Connection[Any]) -> None:
        """Make the table where the database has none."""
        ...

    def applied(self, connection: Connection[Any], history: Sequence[Migration]) -> frozenset[str]:
        """The ids of the migrations that the database has."""
        ...

    def record(self, connection: Connection[Any], migration: Migration) -> None:
        """Note that a migration is in place."""
        ...


class AlembicLedger:
    """`alembic_version`: one row a head; whatever a head stands on is applied too."""

    table = "alembic_version"

    def prepare(self, connection: Connection[Any]) -> None:
        """The table as Alembic makes it."""
        connection.execute(
            "CREATE TABLE IF NOT EXISTS alembic_version "
            "(version_num varchar(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY)"
        )

    def applied(self, connection: Connection[Any], history: Sequence[Migration]) -> frozenset[str]:
        """The heads and everything below them."""
        parents = {migration.id: migration.parents for migration in history}
        queue = [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")]
        found: set[str] = set()
        while queue:
            one = queue.pop()
            if one not in found:
                found.add(one)
                queue += parents.get(one, ())
        return frozenset(found)

    def record(self, connection: Connection[Any], migration: Migration) -> None:
        """The new head takes the place of those that it stands on."""
        connection.execute("DELETE FROM alembic_version WHERE version_num = ANY (%s)", (list(migration.parents),))
        connection.execute("INSERT INTO alembic_version (version_num) VALUES (%s)", (migration.id,))


class PrismaLedger:
    """`_prisma_migrations`, with the columns and the checksum that Prisma Migrate writes."""

    table = "_prisma_migrations"

    def prepare(self, connection: Connection[Any]) -> None:
        """The table as Prisma makes it."""
        connection.execute(
            "CREATE TABLE IF NOT EXISTS _prisma_migrations (id varchar(36) PRIMARY KEY NOT NULL, "
            "checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, "
            "rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), "
            "applied_steps_count integer NOT NULL DEFAULT 0)"
        )

    def applied(self, connection: Connection[Any], history: Sequence[Migration]) -> frozenset[str]:
        """Those that finished and were not rolled back."""
        rows = connection.execute(
            "SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL"
        )
        return frozenset(row[0] for row in rows)

    def record(self, connection: Connection[Any], migration: Migration) -> None:
        """One finished row."""
        connection.execute(
            "INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count) "
            "VALUES (%s, %s, clock_timestamp(), %s, 1)",
            (str(uuid.uuid4()), _digest(migration), migration.path.parent.name),
        )


class OwnLedger:
    """`gatekeeper_migrations`, for histories whose tool keeps no table that we know."""

    table = "gatekeeper_migrations"

    def prepare(self, connection: Connection[Any]) -> None:
        """Our own table."""
        connection.execute(
            "CREATE TABLE IF NOT EXISTS gatekeeper_migrations "
            "(id text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())"
        )

    def applied(self, connection: Connection[Any], history: Sequence[Migration]) -> frozenset[str]:
        """All rows."""
        return frozenset(row[0] for row in connection.execute("SELECT id FROM gatekeeper_migrations"))

    def record(self, connection: Connection[Any], migration: Migration) -> None:
        """One row, with the digest of the file."""
        connection.execute(
            "INSERT INTO gatekeeper_migrations (id, digest) VALUES (%s, %s)", (migration.id, _digest(migration))
        )


def ledger_of(tool: str) -> Ledger:
    """The bookkeeping of a tool."""
    match tool:
        case "alembic":
            return AlembicLedger()
        case "prisma":
            return PrismaLedger()
        case _:
            return OwnLedger()


def _digest(migration: Migration) -> str:
    text = migration.up.fragments[0].source.text if migration.up.fragments else ""
    return hashlib.sha256(text.encode()).hexdigest()
