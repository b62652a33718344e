"""The two databases on which a history is proven: one that only goes forward, and one on which proofs are made.

A proof that ends where its way up ended leaves its database fit for the next one, so that most need no copy.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection, sql

from gatekeeper.staging.catalog import Catalog
from gatekeeper.staging.sample_rows import fill
from gatekeeper.staging.stage import Stage
from migrations_lint.model import Script

_TABLES = frozenset({"table", "partitioned table"})

# Whatever refers to a table that is emptied has to be emptied with it.
_WITH_REFERRERS = """
    WITH RECURSIVE emptied (oid) AS (
        SELECT c.oid FROM pg_class c WHERE c.oid = ANY (SELECT to_regclass(name)::oid FROM unnest(%s::text[]) name)
               AND c.relkind IN ('r', 'p')
        UNION SELECT k.conrelid FROM pg_constraint k JOIN emptied ON k.confrelid = emptied.oid WHERE k.contype = 'f')
    SELECT n.nspname, c.relname
      FROM emptied JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace
"""


@dataclass
class Workshop:
    """`base` has every way up and no sample rows; it lags behind by the `waiting` scripts until somebody needs it.

    `bench` is where proofs are made, `schema` what it holds, `filled` what it held when it last got its sample rows,
    and `emptied` the tables that have lost them since; `empty` are those that took none, and why.
    """

    stage: Stage
    base: str
    waiting: list[Script] = field(default_factory=list)
    bench: str | None = None
    schema: Catalog | None = None
    filled: Catalog | None = None
    emptied: frozenset[str] = frozenset()
    empty: dict[str, str] = field(default_factory=dict)

    def start(self) -> Catalog:
        """The schema before the first proof."""
        return self.stage.catalog(self.base)

    def advance(self, script: Script) -> bool:
        """Go forward without a proof; whether that went well."""
        return self.stage.advance(self.head(), script, traced=False).failure is None

    def later(self, script: Script) -> None:
        """This way up has been proven: it belongs to the history from here on."""
        self.waiting.append(script)

    def head(self) -> str:
        """The base, brought up to date."""
        for script in self.waiting:
            self.stage.advance(self.base, script, traced=False)
        self.waiting.clear()
        return self.base

    def ready(self, *, rows: bool) -> tuple[str, Catalog]:
        """A database at the head of the history, with or without sample rows, and its schema."""
        if not rows:
            self.keep(None)
        if self.bench is None:
            self.bench = self.stage.copy(self.head())
        if self.schema is None:
            self.schema = self.stage.catalog(self.bench)
        if rows:
            with self.stage.looking(self.bench) as observer, self.stage.session(self.bench) as connection:
                self._fill(connection, self.schema, observer.connection)
        return self.bench, self.schema

    def _fill(self, connection: Connection[Any], schema: Catalog, observer: Connection[Any]) -> None:
        """Sample rows for all tables, or new ones for those that have changed since they got theirs."""
        if self.filled is None:
            self.empty = dict(fill(connection, observer=observer).empty)
        elif names := sorted(_changed(self.filled, schema) | self.emptied):
            tables = connection.execute(_WITH_REFERRERS, [names]).fetchall()
            if tables:
                listed = sql.SQL(", ").join(sql.Identifier(*table) for table in tables)
                connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(listed))
                for table in tables:
                    self.empty.pop(".".join(table), None)
                self.empty |= fill(connection, frozenset(tables), observer=observer).empty
        self.filled, self.emptied = schema, frozenset()

    def keep(self, schema: Catalog | None, emptied: Collection[str] = ()) -> None:
        """What the proof has left: the schema of the next one's start, or None for a database to throw away."""
        if schema is None and self.bench is not None:
            self.stage.drop(self.bench)
            self.bench = self.filled = None
        self.schema, self.emptied = schema, frozenset(emptied)


def _changed(before: Catalog, now: Catalog) -> frozenset[str]:
    """The tables that are new or have changed, with what hangs on them."""
    tables = {entry.name for entry in now.entries.values() if entry.kind in _TABLES}
    changed = [entry for key, entry in now.entries.items() if before.entries.get(key) != entry]
    named = {part for one in changed for part in (one.name, *(one.belongs_to or "").split(" on "))}
    return frozenset(tables & named)
