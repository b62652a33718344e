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
from migrations_lint.model import (
    Column,
    Constraint,
    ConstraintKind,
    ObjectKind,
    Policy,
    Relation,
    RelationKind,
    TableProperty,
    Trigger,
    TypeKind,
    UserType,
)
from migrations_lint.snapshot import Index, SchemaSnapshot, Size, Table
from migrations_lint.stored_snapshot import StoredSnapshot

APPLICATION = "gatekeeper stats pull"

# Types are spelled without their schema where columns of a migration would spell them so.
_SEARCH_PATH = "pg_catalog, public"

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
_ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
_TYPES = {"e": TypeKind.ENUM, "d": TypeKind.DOMAIN, "r": TypeKind.RANGE, "c": TypeKind.COMPOSITE}
_COMMANDS = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}
_EVENTS = {4: "INSERT", 8: "DELETE", 16: "UPDATE", 32: "TRUNCATE"}
_OF_A_ROW, _BEFORE, _INSTEAD = 1, 2, 64

Row = Mapping[str, Any]
Rows = Mapping[int, list[Row]]


def pull(url: str, statement_timeout: timedelta = timedelta(seconds=30)) -> StoredSnapshot:
    """The schema and the sizes of the database at `url`, read in one read-only transaction.

    Raises DatabaseUnreachable where it does not let us in, or does not answer in time.
    """
    with session(url, APPLICATION) as connection:
        try:
            with connection.transaction():
                schema = _read(connection, statement_timeout)
        except psycopg.Error as error:
            raise DatabaseUnreachable(
                f"cannot read the catalog of {place(url)}",
                seen=[str(error).strip().splitlines()[0]],
                next_step="Any role may read it; if it was too slow, give more time with --statement-timeout.",
            ) from error
        taken = datetime.now(UTC).isoformat(timespec="seconds")
        return StoredSnapshot(schema, connection.info.dbname, connection.info.server_version // 10000, taken)


def _read(connection: Connection[Any], statement_timeout: timedelta) -> SchemaSnapshot:
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    milliseconds = str(round(statement_timeout.total_seconds() * 1000))
    for name, value in (("statement_timeout", milliseconds), ("lock_timeout", "2s"), ("search_path", _SEARCH_PATH)):
        connection.execute("SELECT set_config(%s, %s, true)", (name, value))
    with connection.cursor(row_factory=dict_row) as cursor:

        def rows(query: str) -> list[Row]:
            return list(cursor.execute(query.encode()).fetchall())

        parts = {name: _by_relation(rows(query)) for name, query in queries.OF_RELATIONS.items()}
        tables = [_table(row, {name: of[row["oid"]] for name, of in parts.items()}) for row in rows(queries.RELATIONS)]
        return SchemaSnapshot(
            {table.relation: table for table in tables},
            types={row["name"]: _type(row) for row in rows(queries.TYPES)},
            publications={row["name"]: _published(row) for row in rows(queries.PUBLICATIONS)},
            objects={(ObjectKind(row["kind"]), row["name"]) for row in rows(queries.OBJECTS)},
        )


def _table(row: Row, parts: Mapping[str, list[Row]]) -> Table:
    parents = tuple(_relation(name) for name in row["parents"] or ())
    owner = row["owned_by"]
    return Table(
        _relation(row["name"]),
        _KINDS[row["relkind"]],
        columns={column["name"]: _column(column) for column in parts["columns"]},
        constraints={one["name"]: _constraint(one, parts["columns"]) for one in parts["constraints"]},
        indexes=tuple(_index(index) for index in parts["indexes"]),
        partition_of=parents[0] if row["relispartition"] and parents else None,
        is_default_partition=row["is_default_partition"],
        inherits=() if row["relispartition"] else parents,
        reads=tuple(_relation(view["reads"]) for view in parts["views"]),
        owned_by=(_relation(owner[:2]), owner[2]) if owner else None,
        mentions=tuple(dict.fromkeys(name for view in parts["views"] for name in view["mentions"] or ())),
        triggers={one["name"]: _trigger(one) for one in parts["triggers"]},
        policies={one["name"]: _policy(one) for one in parts["policies"]},
        row_security=row["row_security"],
        row_security_forced=row["row_security_forced"],
        properties={TableProperty.LOGGED: "yes" if row["logged"] else "no"},
        partition_key=tuple(row["partition_key"] or ()),
        data_type=row["data_type"],
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
        domain=row["domain"],
        collation=row["collation"],
        default_sql=row["default"],
        always=row["always"],
    )


def _constraint(row: Row, columns: Iterable[Row]) -> Constraint:
    kind = _CONSTRAINTS[row["contype"]]
    keys = tuple(row["columns"] or ())
    numbers = {column["number"]: column["name"] for column in columns}
    proven = tuple(numbers[number] for number in columns_not_null(row["tree"] or "") if number in numbers)
    return Constraint(
        row["name"],
        kind,
        columns=keys,
        references=_relation(row["references"]) if row["references"] else None,
        referenced_columns=tuple(row["referenced_columns"] or ()),
        valid=row["valid"],
        not_null_columns=keys if kind in {ConstraintKind.NOT_NULL, ConstraintKind.PRIMARY_KEY} else proven,
        on_delete=_ACTIONS.get(row["on_delete"], "NO ACTION"),
        on_update=_ACTIONS.get(row["on_update"], "NO ACTION"),
        deferrable=row["deferrable"],
        enforced=row["enforced"],
        inherited=row["inherited"] or kind is not ConstraintKind.CHECK,
    )


def _index(row: Row) -> Index:
    return Index(
        _relation(row["name"]),
        tuple(row["columns"]),
        unique=row["unique"],
        method=row["method"],
        predicate="(predicate)" if row["partial"] else None,
        included=tuple(row["included"] or ()),
        plain=row["plain"],
        of_constraint=row["of_constraint"],
        part_of=_relation(row["part_of"]) if row["part_of"] else None,
        valid=row["valid"],
    )


def _trigger(row: Row) -> Trigger:
    bits = row["bits"]
    return Trigger(
        row["name"],
        row["function"],
        "BEFORE" if bits & _BEFORE else "INSTEAD OF" if bits & _INSTEAD else "AFTER",
        tuple(event for bit, event in _EVENTS.items() if bits & bit),
        row=bool(bits & _OF_A_ROW),
        constraint=row["is_constraint"],
        enabled=row["enabled"],
    )


def _policy(row: Row) -> Policy:
    return Policy(row["name"], _COMMANDS[row["command"]], row["permissive"], tuple(row["roles"]))


def _type(row: Row) -> UserType:
    labels = tuple(row["labels"] or ())
    return UserType(row["name"], _TYPES[row["kind"]], labels, row["base"], constrained=row["constrained"])


def _published(row: Row) -> tuple[Relation, ...] | None:
    return None if row["all_tables"] else tuple(_relation(name) for name in row["tables"] or ())


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
