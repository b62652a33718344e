"""Which migrations a database says it has, read from the tables that migration tools keep. Nothing is written."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql

from gatekeeper.apply.ledger import AlembicLedger, OwnLedger, PrismaLedger
from migrations_lint.model import Migration

_OWN = "gatekeeper_migrations"
_DIGITS = re.compile(r"0*(?P<number>\d+)")
_WHERE = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relname = %s AND c.relkind IN ('r', 'p') ORDER BY pg_table_is_visible(c.oid) DESC, n.nspname LIMIT 1
"""

Ids = Iterable[str]
_Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Bookkeeping:
    """The tables that were read, as `schema.table`, and those migrations of the history that they name, in order."""

    tables: tuple[str, ...]
    applied: tuple[Migration, ...]
    unknown: tuple[str, ...] = ()
    """What the tables name and the history does not have: somebody else's, or from a newer version of the files."""

    @property
    def last(self) -> str | None:
        """The id of the last one applied."""
        return self.applied[-1].id if self.applied else None


def bookkeeping_of(connection: Connection[Any], history: Sequence[Migration]) -> Bookkeeping:
    """What the database has of a history, by its tool's own table and by that of `gatekeeper migrate`."""
    tables: list[str] = []
    found: set[tuple[str, str]] = set()
    unknown: list[str] = []
    everything = {_plain(migration.id) for migration in history}
    for tool in dict.fromkeys(migration.tool for migration in history):
        own = {_plain(migration.id): migration.id for migration in history if migration.tool == tool}
        for name in (_TABLES.get(tool), _OWN):
            place = connection.execute(_WHERE, [name]).fetchone() if name else None
            if place is not None and name is not None:
                tables.append(".".join(place))
                read = _applied_by(tool, name, place, connection, history)
                found |= {(tool, own[_plain(one)]) for one in read if _plain(one) in own}
                unknown += [one for one in read if _plain(one) not in everything]
    applied = tuple(migration for migration in history if (migration.tool, migration.id) in found)
    return Bookkeeping(tuple(dict.fromkeys(tables)), applied, tuple(dict.fromkeys(unknown)))


def _applied_by(
    tool: str, table: str, place: _Place, connection: Connection[Any], history: Sequence[Migration]
) -> tuple[str, ...]:
    own = [migration for migration in history if migration.tool == tool]
    if table == _OWN:
        return _in_schema(connection, place, lambda: OwnLedger().applied(connection, own))
    if tool == "alembic":
        return _in_schema(connection, place, lambda: AlembicLedger().applied(connection, own))
    if tool == "prisma":
        return _in_schema(connection, place, lambda: PrismaLedger().applied(connection, own))
    query = sql.SQL(_QUERIES[tool]).format(sql.Identifier(*place))
    versions = [str(version) for (version,) in connection.execute(query).fetchall()]
    return _up_to(versions, own) if tool == "golang_migrate" else tuple(versions)


def _in_schema(connection: Connection[Any], place: _Place, read: Callable[[], Ids]) -> tuple[str, ...]:
    """The ledgers name their tables without a schema."""
    with connection.transaction(force_rollback=True):
        path = sql.SQL("SET LOCAL search_path TO {}").format(sql.Identifier(place[0]))
        connection.execute(path)
        return tuple(sorted(read()))


def _up_to(versions: Sequence[str], history: Sequence[Migration]) -> tuple[str, ...]:
    """golang-migrate keeps one number: everything up to it is applied."""
    if not versions:
        return ()
    last = int(versions[0])
    below = tuple(migration.id for migration in history if migration.id.isdecimal() and int(migration.id) <= last)
    return below if _plain(versions[0]) in map(_plain, below) else (*below, versions[0])


def _plain(version: str) -> str:
    """Tools that keep numbers drop leading zeros."""
    digits = _DIGITS.fullmatch(version)
    return digits["number"] if digits else version


_TABLES: Mapping[str, str] = {
    "alembic": "alembic_version",
    "dbmate": "schema_migrations",
    "diesel": "__diesel_schema_migrations",
    "django": "django_migrations",
    "flyway": "flyway_schema_history",
    "golang_migrate": "schema_migrations",
    "goose": "goose_db_version",
    "prisma": "_prisma_migrations",
    "sqitch": "changes",
    "sqlx": "_sqlx_migrations",
}
_QUERIES: Mapping[str, str] = {
    "dbmate": "SELECT version FROM {}",
    "diesel": "SELECT version FROM {}",
    "django": "SELECT app || '.' || name FROM {}",
    # Flyway notes an undo in a row of its own.
    "flyway": "SELECT name FROM (SELECT DISTINCT ON (coalesce(version, description)) coalesce(version, description) "
    "AS name, type FROM {} WHERE success ORDER BY coalesce(version, description), installed_rank DESC) newest "
    "WHERE type NOT LIKE 'UNDO%'",
    # The version that failed half-way is marked dirty; the table names it all the same.
    "golang_migrate": "SELECT version FROM {} LIMIT 1",
    # goose adds a row for each way down too; the newest row of a version counts. Version 0 is its own beginning.
    "goose": "SELECT version_id FROM (SELECT DISTINCT ON (version_id) version_id, is_applied FROM {} "
    "ORDER BY version_id, id DESC) newest WHERE is_applied AND version_id > 0",
    "sqitch": "SELECT change FROM {}",
    "sqlx": "SELECT version FROM {} WHERE success",
}
