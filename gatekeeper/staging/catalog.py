"""The complete catalog of a database as a map of names to definitions, for comparing before with after."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from gatekeeper.staging.catalog_queries import queries
from gatekeeper.staging.catalog_queries.stamp import stamp

BOOKKEEPING = frozenset(
    {
        "_prisma_migrations",
        "_sqlx_migrations",
        "__diesel_schema_migrations",
        "alembic_version",
        "django_migrations",
        "flyway_schema_history",
        "gatekeeper_backfills",
        "gatekeeper_builds",
        "gatekeeper_migrations",
        "gatekeeper_progress",
        "goose_db_version",
        "schema_migrations",
    }
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One object as SQL words; `belongs_to` names the object without which it can't be."""

    kind: str
    name: str
    definition: str
    belongs_to: str | None = None


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every object of a database by kind and name, and the columns of each relation in their order."""

    entries: Mapping[tuple[str, str], Entry]
    column_order: Mapping[str, tuple[str, ...]]


def catalog_of(connection: Connection[Any]) -> Catalog:
    """Read it in one round trip; the session keeps its search_path."""
    version = connection.info.server_version // 10000
    with connection.transaction(force_rollback=True):  # takes the settings back, inside another transaction too
        with connection.pipeline():
            connection.execute("SET LOCAL search_path TO pg_catalog")
            connection.execute("SET LOCAL jit TO off")  # it costs more than such queries take
            cursors = [connection.execute(query.encode(), prepare=False) for query in queries(version)]
        rows = [row for cursor in cursors for row in cursor.fetchall()]
    return _catalog([Entry(*row) for row in rows])


def _catalog(entries: list[Entry]) -> Catalog:
    kept = [entry for entry in entries if not _is_bookkeeping(entry)]
    order: dict[str, tuple[str, ...]] = {}
    for entry in kept:
        if entry.kind == "column" and entry.belongs_to is not None:
            order[entry.belongs_to] = (*order.get(entry.belongs_to, ()), entry.name)
    return Catalog({(entry.kind, entry.name): entry for entry in kept}, order)


def _is_bookkeeping(entry: Entry) -> bool:
    """The migration tools' own tables come and go with the tools, not with the migrations."""
    parts = f"{entry.name}.{entry.belongs_to or ''}".replace('"', "").replace(" ", ".").split(".")
    return not BOOKKEEPING.isdisjoint(parts)


def stamp_of(connection: Connection[Any]) -> object:
    """What is equal to an earlier stamp of the same database exactly when its catalog has not changed since.

    A tenth of the work of reading the catalog; both stamps have to be taken between transactions.
    """
    query = stamp(connection.info.server_version // 10000)
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL search_path TO pg_catalog")
        connection.execute("SET LOCAL jit TO off")
        return connection.execute(query.encode(), prepare=False).fetchone()
