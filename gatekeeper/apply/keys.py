"""The keys by which a backfill goes through its table: read in order, each batch from the last one's end."""

from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import Connection, sql

from gatekeeper.apply.checkpoint import Checkpoint
from gatekeeper.apply.statements import MarkedChange
from gatekeeper.errors import GatekeeperError
from migrations_lint.parse import quoted

_COLUMN = """
SELECT a.attnotnull,
       EXISTS (SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
                WHERE i.indrelid = a.attrelid AND i.indkey[0] = a.attnum AND i.indisvalid AND i.indpred IS NULL
                  AND m.amname = 'btree')
  FROM pg_attribute a
 WHERE a.attrelid = to_regclass(%(table)s) AND a.attname = %(column)s AND a.attnum > 0 AND NOT a.attisdropped
"""
_ABOUT = "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = to_regclass(%(table)s)"


class KeyDoesNotFit(GatekeeperError):
    """The column cannot lead through the table; nothing was changed."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Keys:
    """`table` and `column` as SQL spells them."""

    change: MarkedChange
    table: str
    column: str

    def last(self, connection: Connection[Any]) -> str | None:
        """The largest key, None where there is none."""
        row = connection.execute(
            self._query(
                "SELECT q.key::text FROM (SELECT {column} AS key FROM {table} ORDER BY {column} DESC LIMIT 1) q"
            )
        ).fetchone()
        return row[0] if row else None

    def next(self, connection: Connection[Any], at: Checkpoint, size: int) -> tuple[str, int] | None:
        """The last of the next so many keys, and how many there are; None where none is left."""
        after = sql.SQL("TRUE") if at.done is None else self._query("{column} > {done}", done=at.done)
        row = connection.execute(
            self._query(
                "SELECT q.key::text, q.number FROM ("
                "SELECT {column} AS key, row_number() OVER (ORDER BY {column}) AS number FROM {table} "
                "WHERE {after} AND {column} <= {until} ORDER BY {column} LIMIT {size}) q "
                "ORDER BY q.number DESC LIMIT 1",
                after=after,
                until=at.until,
                size=size,
            )
        ).fetchone()
        return None if row is None else (row[0], row[1])

    def about(self, connection: Connection[Any]) -> int:
        """About how many rows the table has, as ANALYZE saw them; 0 where nobody knows."""
        row = connection.execute(_ABOUT, {"table": self.table}).fetchone()
        return row[0] if row else 0

    def narrowed(self, after: str | None, upto: str | None) -> str:
        """The statement for the keys greater than `after`, up to and with `upto`."""
        literal = [None if key is None else sql.Literal(key).as_string() for key in (after, upto)]
        assert literal[1] is not None
        return self.change.text.within(self.change.mark.column, literal[0], literal[1])

    def _query(self, text: LiteralString, **values: object) -> sql.Composed:
        names = {"column": self.column, "table": self.table}
        known = {name: sql.SQL(spelled) for name, spelled in names.items()}
        return sql.SQL(text).format(**known, **values)


def keys_of(connection: Connection[Any], change: MarkedChange) -> Keys:
    """The keys of a marked statement; raises KeyDoesNotFit where some rows would not be reached, or only slowly."""
    name, table = change.mark.column, change.text.table
    row = connection.execute(_COLUMN, {"table": table, "column": name}).fetchone()
    if row is None:
        wrong = f"there is no column {name} in {table}"
    elif not row[0]:
        wrong = f"{table}.{name} may be null, and rows without a key would be left out"
    elif not row[1]:
        wrong = f"no valid index begins with {table}.{name}, so that each batch would read the whole table"
    elif name in change.text.sets:
        wrong = f"the statement writes {name}, by which it goes through {table}"
    else:
        return Keys(change, table, quoted(name))
    raise KeyDoesNotFit(
        f"the backfill of {table} cannot go by {name}: {wrong}; nothing of it was changed",
        next_step="Name its primary key, or another indexed column that is NOT NULL, in the mark.",
    )
