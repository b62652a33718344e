"""The complete catalog of a database as a map of names to definitions, for comparing before with after."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, Cursor
from psycopg.pq import TransactionStatus

from gatekeeper.staging.catalog_queries import of_database, of_relations

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
        "gatekeeper_leases",
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
    with reading(connection), connection.pipeline():
        cursors = [_run(connection, query) for query in (*of_relations(version), *of_database(version))]
        rows = [row for cursor in cursors for row in cursor.fetchall()]
    return assembled(entries_of(rows))


@contextmanager
def reading(connection: Connection[Any]) -> Iterator[None]:
    """A transaction with the settings that definitions are written by; both are taken back."""
    with looking(connection):
        connection.execute("SET LOCAL search_path TO pg_catalog; SET LOCAL jit TO off")  # it costs more than it saves
        yield


@contextmanager
def looking(connection: Connection[Any]) -> Iterator[None]:
    """A transaction that takes its settings back, inside another one too."""
    # Rolled back only there: psycopg forgets what it has prepared when it sees a ROLLBACK.
    is_inside = connection.info.transaction_status is TransactionStatus.INTRANS
    with connection.transaction(force_rollback=is_inside):
        yield


def entries_of(rows: Iterable[tuple[Any, ...]]) -> list[Entry]:
    """The rows of the queries as entries, those of the migration tools' own tables aside."""
    return [entry for row in rows if not _is_bookkeeping(entry := Entry(*row[:4]))]


def assembled(entries: Iterable[Entry]) -> Catalog:
    """A catalog of these entries; columns come in their order."""
    found = {(entry.kind, entry.name): entry for entry in entries}
    order: dict[str, list[str]] = {}
    for entry in found.values():
        if entry.kind == "column" and entry.belongs_to is not None:
            order.setdefault(entry.belongs_to, []).append(entry.name)
    return Catalog(found, {relation: tuple(columns) for relation, columns in order.items()})


def _is_bookkeeping(entry: Entry) -> bool:
    """The migration tools' own tables come and go with the tools, not with the migrations."""
    parts = f"{entry.name}.{entry.belongs_to or ''}".replace('"', "").replace(" ", ".").split(".")
    return not BOOKKEEPING.isdisjoint(parts)


def _run(connection: Connection[Any], query: str) -> Cursor[Any]:
    return connection.execute(query.encode(), prepare=False)
