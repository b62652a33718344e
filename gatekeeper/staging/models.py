"""An application's SQLAlchemy models against its history: both are built, and the catalogs compared."""

import json
import re
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
from psycopg import sql

from gatekeeper.errors import GatekeeperError
from gatekeeper.model.action import Command
from gatekeeper.model.drift import Drift
from gatekeeper.process import run
from gatekeeper.staging import declare
from gatekeeper.staging.built import Built, built
from gatekeeper.staging.catalog import Catalog, Entry
from gatekeeper.staging.comparable import with_entries
from gatekeeper.staging.compare import compare
from gatekeeper.staging.server import StagingServer
from migrations_lint.model import Migration

# What models can say. Views, functions, triggers, policies and grants are the history's alone.
_SAID_BY_MODELS = frozenset({"column", "constraint", "index"})
_TABLES = frozenset({"table", "partitioned table"})
_DEFAULT = re.compile(r"(?<!BY) DEFAULT .*$", re.DOTALL)
_OF_MODELS = """
    SELECT format('DROP TABLE IF EXISTS %I.%I CASCADE', n.nspname, c.relname)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_depend d ON d.objid = c.oid AND d.deptype = 'e'
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND d.objid IS NULL
       AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
    UNION ALL SELECT format('DROP SEQUENCE IF EXISTS %I.%I CASCADE', n.nspname, c.relname)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'S' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
    UNION ALL SELECT format('DROP TYPE IF EXISTS %I.%I CASCADE', n.nspname, t.typname)
      FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
      LEFT JOIN pg_depend d ON d.objid = t.oid AND d.deptype = 'e' WHERE t.typtype = 'e' AND d.objid IS NULL
"""


class UnreadableModels(GatekeeperError):
    """The models cannot be imported, or PostgreSQL does not take what they declare."""

    exit_code = 2


def models_drift(
    name: str,
    history: Sequence[Migration],
    server: StagingServer,
    statement_timeout: timedelta,
    tolerate: Collection[str],
) -> Drift:
    """Compare the tables, columns, constraints, indexes and enums of `name` (`module:Base.metadata`) with the history.

    A default that only the database has is no difference: SQLAlchemy's own defaults stay in Python. Raises
    UnreadableModels or HistoryDoesNotBuild.
    """
    declared = _declared(name)
    with built(server, history, statement_timeout) as home:
        models = _create(home, name, declared)
        ours, theirs = _with_defaults_of(_said(home.catalog), _said(models)), _said(models)
    return Drift("models", name, server.version, compare(ours, theirs, tolerate))


def _declared(name: str) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="gatekeeper-") as folder:
        file = Path(folder, "statements.json")
        program = (sys.executable, str(Path(declare.__file__)), name, str(file))
        finished = run(Command(program, f"import the models {name}"))
        if not finished.is_good:
            raise UnreadableModels(
                f"cannot import the models {name}",
                seen=finished.told.splitlines()[-3:],
                next_step="Correct `models` under [verify]; it is imported from this folder, by the Python that runs "
                "gatekeeper.",
            )
        statements: list[str] = json.loads(file.read_text(encoding="utf-8"))
        return statements


def _create(home: Built, name: str, statements: Sequence[str]) -> Catalog:
    """What they declare, where the history has made its extensions, schemas and functions, but no tables."""
    database = home.stage.copy(home.database)
    with home.stage.session(database) as connection:
        for (drop,) in connection.execute(_OF_MODELS).fetchall():
            connection.execute(drop.encode())
        for schema in {key[1] for key in home.catalog.entries if key[0] == "schema"}:
            connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.SQL(schema)))
        for statement in statements:
            try:
                connection.execute(statement.encode())
            except psycopg.Error as error:
                raise UnreadableModels(
                    f"PostgreSQL does not take what {name} declares: {error.diag.message_primary or error}",
                    seen=[f"in: {' '.join(statement.split())[:160]}"],
                    next_step="Correct the models, or let the history make what they take for granted.",
                ) from error
    return home.stage.catalog(database)


def _said(catalog: Catalog) -> Catalog:
    """Only what models can say; a partitioned table is a table to them, and its partitions are not theirs."""
    tables = {
        entry.name
        for entry in catalog.entries.values()
        if entry.kind in _TABLES and "PARTITION OF" not in entry.definition
    }
    return with_entries(catalog, _entries(catalog, tables))


def _entries(catalog: Catalog, tables: Collection[str]) -> Iterator[Entry]:
    for entry in catalog.entries.values():
        if entry.kind in _TABLES and entry.name in tables:
            yield replace(entry, kind="table", definition="TABLE")
        elif entry.kind == "enum" or (entry.kind in _SAID_BY_MODELS and _table_of(entry) in tables):
            yield entry


def _table_of(entry: Entry) -> str:
    """An index that a constraint made belongs to the constraint, which belongs to the table."""
    return (entry.belongs_to or "").rpartition(" on ")[2]


def _with_defaults_of(history: Catalog, models: Catalog) -> Catalog:
    """The history's columns without the defaults that the models do not speak of."""

    def quiet(entry: Entry) -> Entry:
        other = models.entries.get((entry.kind, entry.name))
        if entry.kind != "column" or other is None or _DEFAULT.search(other.definition):
            return entry
        return replace(entry, definition=_DEFAULT.sub("", entry.definition))

    return with_entries(history, map(quiet, history.entries.values()))
