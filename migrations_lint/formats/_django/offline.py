"""Django's own schema editor for PostgreSQL with no server behind it: what it would execute is taken down.

Where Django looks constraint names up in the database, the catalog that the migrations so far have built answers.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import django
from django.conf import settings
from django.db import connections
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.backends.postgresql.introspection import DatabaseIntrospection
from django.db.backends.postgresql.psycopg_any import sql as composed
from django.db.backends.postgresql.schema import DatabaseSchemaEditor
from django.db.models import Index
from django.db.utils import ConnectionHandler

from migrations_lint.catalog import replay
from migrations_lint.facts import Scene, facts_of
from migrations_lint.model import ConstraintKind, Fragment, Relation
from migrations_lint.parse import parse
from migrations_lint.snapshot import SchemaSnapshot

_APPS = ("contenttypes", "auth", "sessions", "sites", "admin", "flatpages", "redirects")


def set_up() -> None:
    """Configure Django once a process, unless the process has its own settings."""
    if not settings.configured:
        settings.configure(
            INSTALLED_APPS=[f"django.contrib.{app}" for app in _APPS],
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
            USE_TZ=True,
        )
        django.setup()


class _NoRows:
    """A cursor that finds nothing."""

    def __enter__(self) -> "_NoRows":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def execute(self, *_: Any) -> None:
        """Nobody is asked."""

    def fetchone(self) -> None:
        """No row."""

    def fetchall(self) -> list[Any]:
        """No rows."""
        return []


class _Introspection(DatabaseIntrospection):
    def get_constraints(self, cursor: Any, table_name: str) -> dict[str, dict[str, Any]]:
        """What the migrations so far have put on the table, in the shape that Django wants."""
        table = self.connection.schema.find(Relation("public", table_name))
        found: dict[str, dict[str, Any]] = {}
        for index in table.indexes if table else ():
            if not index.of_constraint:
                method = Index.suffix if index.method == "btree" else index.method
                found[index.name.name] = _described(index.columns, index=True, unique=index.unique, type=method)
        for name, constraint in table.constraints.items() if table else ():
            kind = constraint.kind
            target = constraint.references.name if constraint.references else ""
            found[name] = _described(
                constraint.columns,
                primary_key=kind is ConstraintKind.PRIMARY_KEY,
                unique=kind in {ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE},
                check=kind is ConstraintKind.CHECK,
                foreign_key=(target, *constraint.referenced_columns) if kind is ConstraintKind.FOREIGN_KEY else None,
            )
        return found

    def get_sequences(self, cursor: Any, table_name: str, table_fields: Any = ()) -> list[dict[str, Any]]:
        """The sequences that columns of the table own."""
        owned = self.connection.schema.owned_sequences(Relation("public", table_name))
        return [
            {"name": sequence.relation.name, "table": table_name, "column": sequence.owned_by[1]}
            for sequence in owned
            if sequence.owned_by
        ]


def _described(columns: tuple[str, ...], **said: Any) -> dict[str, Any]:
    nothing = {"primary_key": False, "unique": False, "foreign_key": None, "check": False, "index": False}
    return {**nothing, "columns": list(columns), "type": None, "definition": None, "options": None, **said}


class OfflineWrapper(DatabaseWrapper):
    """A connection that leads nowhere; `schema` is what the migrations so far have built."""

    introspection_class = _Introspection
    pg_version = 150000

    def __init__(self) -> None:
        handler = ConnectionHandler({"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "nowhere"}})
        super().__init__(handler.settings["default"], NO_DB_ALIAS)
        self.schema = SchemaSnapshot()

    def ensure_connection(self) -> None:
        """There is none to be had."""

    def cursor(self) -> _NoRows:
        """Answers every question with nothing."""
        return _NoRows()


class Editor(DatabaseSchemaEditor):
    """Hands every statement to `take`."""

    def __init__(self, connection: OfflineWrapper, take: Callable[[str], None], *, atomic: bool) -> None:
        super().__init__(connection, atomic=False)
        self.atomic_migration = atomic
        self.take = take
        connection.in_atomic_block = atomic

    def execute(self, sql: Any, params: Any = ()) -> None:
        """The statement with its values written into it, as Django's editor for PostgreSQL sends it."""
        text = str(sql)
        if params is not None:
            text = text % tuple(composed.Literal(value).as_string(None) for value in params)
        self.take(text.strip().rstrip(";"))


@contextmanager
def registered(connection: OfflineWrapper) -> Iterator[None]:
    """While this lasts, Django finds the connection under its alias."""
    connections[NO_DB_ALIAS] = connection
    try:
        yield
    finally:
        del connections[NO_DB_ALIAS]


def learn(schema: SchemaSnapshot, fragment: Fragment) -> None:
    """Bring the schema up to date with what has just been sent."""
    for statement in parse(fragment).statements:
        replay(facts_of(statement, Scene(schema)), schema)
