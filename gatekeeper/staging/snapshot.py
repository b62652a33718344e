"""Reads a live database into a SchemaSnapshot for the linter: its catalog and its statistics, never a row.

Only catalogs are read. `pg_relation_size`, `pg_get_constraintdef`, `pg_get_viewdef` and `pg_get_expr` of a table open
that table, so that they would wait behind a migration that has locked it; sizes come from `pg_class.relpages`, and what
a CHECK says of NULL from its stored tree.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.rows import dict_row

from gatekeeper.apply.session import DatabaseUnreachable, place, session
from gatekeeper.staging import snapshot_queries as queries
from gatekeeper.staging.check_tree import columns_not_null
from migrations_lint.model import Column, Constraint, ConstraintKind, Relation, RelationKind
from migrations_lint.snapshot import Index, SchemaSnapshot, Size, Table
from migrations_lint.stored_snapshot import StoredSnapshot

APPLICATION = "gatekeeper stats pull"

_KINDS = {
    "r": RelationKind.TABLE,
    "p": RelationKind.PARTITIONED_TABLE,
    "v": RelationKind.VIEW,
    "m": RelationKind.MATERIALIZED_VIEW,
    "S": RelationKind.SEQUENCE,
    "f": RelationKind.FOREIGN_TABLE,
}
_CONSTRAINTS = {
    "c": ConstraintKind.CHECK,
    "f": ConstraintKind.FOREIGN_KEY,
    "p": ConstraintKind.PRIMARY_KEY,
    "u": ConstraintKind.UNIQUE,
    "x": ConstraintKind.EXCLUDE,
    "n": ConstraintKind.NOT_NULL,
}
_GENERATED = {"s": "stored", "v": "virtual"}

Row = Mapping[str, Any]
Rows = Mapping[int, list[Row]]


def pull(url: str, statement_timeout: timedelta = timedelta(seconds=30)) -> StoredSnapshot:
    """The schema and the sizes of the database at `url`, read in one read-only transaction.

    Raises DatabaseUnreachable where it does not let us in, or does not answer in time.
    """
    with session(url, APPLICATION) as connection:
        try:
            with connection.transaction():
                rows = _read(connection, statement_timeout)
        except psycopg.Error as error:
            raise DatabaseUnreachable(
                f"cannot read the catalog of {place(url)}",
                seen=[str(error).strip().splitlines()[0]],
                next_step="Any role may read it; if it was too slow, give more time with --statement-timeout.",
            ) from error
        taken = datetime.now(UTC).isoformat(timespec="seconds")
        return StoredSnapshot(_schema(*rows), connection.info.dbname, connection.info.server_version // 10000, taken)


def _read(connection: Connection[Any], statement_timeout: timedelta) -> tuple[list[Row], ...]:
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    milliseconds = str(round(statement_timeout.total_seconds() * 1000))
    for name, value in (("statement_timeout", milliseconds), ("lock_timeout", "2s"), ("search_path", "pg_catalog")):
        connection.execute("SELECT set_config(%s, %s, true)", (name, value))
    with connection.cursor(row_factory=dict_row) as cursor:
        return tuple(list(cursor.execute(query.encode()).fetchall()) for query in queries.ALL)


def _schema(
    relations: list[Row], columns: list[Row], constraints: list[Row], indexes: list[Row], views: list[Row]
) -> SchemaSnapshot:
    parts = [_by_relation(rows) for rows in (columns, constraints, indexes, views)]
    return SchemaSnapshot({table.relation: table for table in (_table(row, *parts) for row in relations)})


def _table(row: Row, columns: Rows, constraints: Rows, indexes: Rows, views: Rows) -> Table:
    oid = row["oid"]
    parents = tuple(_relation(name) for name in row["parents"] or ())
    owner = row["owned_by"]
    return Table(
        _relation(row["name"]),
        _KINDS[row["relkind"]],
        columns={column["name"]: _column(column) for column in columns[oid]},
        constraints={one["name"]: _constraint(one, columns[oid]) for one in constraints[oid]},
        indexes=tuple(_index(index) for index in indexes[oid]),
        partition_of=parents[0] if row["relispartition"] and parents else None,
        is_default_partition=row["is_default_partition"],
        inherits=() if row["relispartition"] else parents,
        reads=tuple(_relation(view["reads"]) for view in views[oid]),
        owned_by=(_relation(owner[:2]), owner[2]) if owner else None,
        size=_size(row) if row["relkind"] in "rm" else None,
    )


def _column(row: Row) -> Column:
    return Column(
        row["name"],
        row["type"],
        not_null=row["not_null"],
        default=row["default"],
        volatile_default=row["is_volatile"],
        identity=row["identity"],
        generated=_GENERATED.get(row["generated"]),
    )


def _constraint(row: Row, columns: Iterable[Row]) -> Constraint:
    kind = _CONSTRAINTS[row["contype"]]
    keys = tuple(row["columns"] or ())
    numbers = {column["number"]: column["name"] for column in columns}
    proven = columns_not_null(row["tree"]) if row["tree"] else ()
    return Constraint(
        row["name"],
        kind,
        columns=keys,
        references=_relation(row["references"]) if row["references"] else None,
        referenced_columns=tuple(row["referenced_columns"] or ()),
        valid=row["valid"],
        not_null_columns=keys
        if kind is ConstraintKind.NOT_NULL
        else tuple(numbers[number] for number in proven if number in numbers),
    )


def _index(row: Row) -> Index:
    return Index(_relation(row["name"]), tuple(row["columns"]), unique=row["unique"], valid=row["valid"])


def _size(row: Row) -> Size:
    """Statistics of the last VACUUM or ANALYZE, stretched to the rows that are counted since.

    `reltuples` is -1 (0 before PostgreSQL 14) for a table that neither has looked at: then only the count of live rows
    is known, and nothing at all where that is 0 too, for a crash or a restore resets it (PostgreSQL 18, pg_class).
    """
    estimated, live, pages = row["reltuples"], row["live_rows"], row["relpages"]
    if estimated < 0 or (estimated == 0 and pages == 0):
        analyzed = row["is_analyzed"]
        return Size(live if live or analyzed else None, None if live else 0 if analyzed else None)
    rows = max(int(estimated), live)
    growth = max(rows / estimated, 1.0) if estimated else 1.0
    heap, toast, index = (
        round(number * row["block_size"] * growth) for number in (pages, row["toast_pages"], row["index_pages"])
    )
    return Size(rows, heap, toast, index)


def _by_relation(rows: Iterable[Row]) -> Rows:
    grouped: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["oid"]].append(row)
    return grouped


def _relation(name: Iterable[str]) -> Relation:
    schema, bare = name
    return Relation(schema, bare)
