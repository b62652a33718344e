"""What a way down destroys of what was written since the way up, each with a read-only query that counts it. Pure.

The queries are for the schema that the way up leaves: what production has when somebody thinks of going back.
"""

import re
from collections.abc import Iterator

from gatekeeper.model.proof import Loss
from gatekeeper.staging.misfit import misfit
from gatekeeper.staging.storage import Demand, Storage, StoredColumn, StoredTable

_NOT_CONSTANT = re.compile(r"\(|\bCURRENT_|\bLOCALTIME|\bSESSION_USER|\bSYSTEM_USER|\bUSER\b")


def losses(before: Storage, after: Storage) -> tuple[Loss, ...]:
    """What the way down from `before` to `after` destroys, or trips over, if it was written in between."""
    found = [
        *_dropped_tables(before, after),
        *_columns(before, after),
        *_demands(before, after),
        *_domains(before, after),
        *_partitions(before, after),
    ]
    return tuple(sorted(found, key=lambda loss: (loss.relation, loss.column or "", loss.message)))


def _dropped_tables(before: Storage, after: Storage) -> Iterator[Loss]:
    for oid, table in before.tables.items():
        # The rows of a partition are counted in its parent, unless the parent stays.
        if oid not in after.tables and (table.parent is None or table.parent in after.tables):
            message = f"every row of {table.name} goes with the table"
            yield Loss(table.name, None, message, f"SELECT count(*) FROM {table.rows}")


def _columns(before: Storage, after: Storage) -> Iterator[Loss]:
    for key, column in before.columns.items():
        table = before.tables[key[0]]
        if key[0] not in after.tables or column.generated or table.parent is not None:
            continue
        now = after.columns.get(key)
        if now is None:
            yield _witness(table, column, "its values go with the column", _worth_keeping(column))
        elif condition := misfit(column, now):
            yield _witness(table, column, f"values that do not fit {now.type}", condition)
        elif now.not_null and not column.not_null:
            reason = "rows without a value stop the way down, which makes it NOT NULL again"
            yield _witness(table, column, reason, f"{column.sql} IS NULL", destroys=False)


def _worth_keeping(column: StoredColumn) -> str:
    if column.default is None or _NOT_CONSTANT.search(column.default):
        return f"{column.sql} IS NOT NULL"
    return f"{column.sql}::text IS DISTINCT FROM ({column.default})::{column.type}::text"  # json has no equality


def _witness(table: StoredTable, column: StoredColumn, message: str, condition: str, *, destroys: bool = True) -> Loss:
    query = f"SELECT count(*) FROM {table.rows} WHERE {condition}"
    return Loss(table.name, column.name, f"column {table.name}.{column.name}: {message}", query, destroys)


def _demands(before: Storage, after: Storage) -> Iterator[Loss]:
    """Rows that break a constraint which the way down puts back: they stop it, and nothing is destroyed."""
    held = {_essence(demand, before) for demand in before.demands}
    for demand in after.demands:
        table = before.tables.get(demand.table)
        if table is None or table.parent is not None or _essence(demand, after) in held:
            continue
        query = _WITNESSES[demand.kind](_rows(demand.table, before, after), demand, before)
        if query is not None:
            message = f"rows of {table.name} that break {_told(demand)} stop the way down, which puts it back"
            yield Loss(table.name, None, message, query, destroys=False)


def _essence(demand: Demand, storage: Storage) -> tuple[object, ...]:
    """The demand by the numbers of its columns, so that a column's other name makes it no other demand."""
    numbers = {column.sql: str(key[1]) for key, column in storage.columns.items() if key[0] == demand.table}

    def neutral(text: str | None) -> str | None:
        return text and re.sub(r'"[^"]+"|\w+', lambda word: numbers.get(word[0], word[0]), text)

    keys = tuple(neutral(key) for key in demand.keys or ())
    return (
        demand.table,
        demand.kind,
        neutral(demand.condition),
        keys,
        demand.parent,
        demand.parent_keys,
        demand.operators,
    )


def _told(demand: Demand) -> str:
    return f"the {demand.kind} {'index' if demand.kind == 'unique' else 'constraint'} {demand.name}"


def _rows(table: int, before: Storage, after: Storage) -> str:
    """The table as it is now, under the names that its columns have after the way down."""
    now = {key: column for key, column in after.columns.items() if key[0] == table}
    pairs = [(column.sql, now[key].sql) for key, column in before.columns.items() if key in now]
    parts = ", ".join(name if name == later else f"{name} AS {later}" for name, later in pairs)
    return f"(SELECT {parts} FROM {before.tables[table].rows}) rows"


def _breaks_check(rows: str, demand: Demand, before: Storage) -> str | None:
    return f"SELECT count(*) FROM {rows} WHERE NOT ({demand.condition})"


def _breaks_foreign_key(rows: str, demand: Demand, before: Storage) -> str | None:
    parent = before.tables.get(demand.parent or 0)
    if parent is None:
        return None
    pairs = list(zip(demand.keys or (), demand.parent_keys or (), strict=True))
    filled = " AND ".join(f"rows.{_quoted(key)} IS NOT NULL" for key, _ in pairs)
    equal = " AND ".join(f"parent.{_quoted(to)} = rows.{_quoted(key)}" for key, to in pairs)
    return f"SELECT count(*) FROM {rows} WHERE {filled} AND NOT EXISTS (SELECT FROM {parent.sql} parent WHERE {equal})"


def _breaks_unique(rows: str, demand: Demand, before: Storage) -> str | None:
    """All but one of the rows that share a key."""
    conditions = [f"({demand.condition})"] if demand.condition else []
    if not demand.operators:
        conditions += [f"({key}) IS NOT NULL" for key in demand.keys or ()]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    keys = ", ".join(demand.keys or ())
    numbered = f"SELECT row_number() OVER (PARTITION BY {keys}) AS place FROM {rows}{where}"
    return f"SELECT count(*) FROM ({numbered}) same WHERE place > 1"


def _breaks_exclusion(rows: str, demand: Demand, before: Storage) -> str | None:
    """Rows that an earlier one excludes."""
    keys = ", ".join(f"{key} AS key{place}" for place, key in enumerate(demand.keys or ()))
    where = f" WHERE {demand.condition}" if demand.condition else ""
    numbered = f"SELECT row_number() OVER () AS place, {keys} FROM {rows}{where}"
    clash = " AND ".join(
        f"one.key{place} {operator} other.key{place}" for place, operator in enumerate(demand.operators or ())
    )
    return (
        f"SELECT count(*) FROM ({numbered}) one "
        f"WHERE EXISTS (SELECT FROM ({numbered}) other WHERE other.place < one.place AND {clash})"
    )


_WITNESSES = {
    "check": _breaks_check,
    "foreign key": _breaks_foreign_key,
    "unique": _breaks_unique,
    "exclusion": _breaks_exclusion,
}


def _domains(before: Storage, after: Storage) -> Iterator[Loss]:
    """Values that a domain takes now and did not take before the way up."""
    for key, now in after.columns.items():
        column, table = before.columns.get(key), before.tables.get(key[0])
        domain = after.domains.get(now.domain or 0)
        if column is None or table is None or table.parent is not None or domain is None or not domain.condition:
            continue
        earlier = before.domains.get(column.domain or 0)
        if earlier is not None and earlier.condition == domain.condition:
            continue
        query = f"SELECT count(*) FROM (SELECT {column.sql} AS value FROM {table.rows}) rows"
        message = f"column {table.name}.{column.name}: values that {domain.name} refuses stop the way down"
        yield Loss(table.name, column.name, message, f"{query} WHERE NOT ({domain.condition})", destroys=False)


def _partitions(before: Storage, after: Storage) -> Iterator[Loss]:
    """Rows that lie outside of the bounds of a partition that is attached again."""
    for oid, now in after.tables.items():
        table = before.tables.get(oid)
        if table is not None and now.bound and table.bound != now.bound:
            message = f"rows of {table.name} outside of its bounds stop the way down, which attaches it to its parent"
            query = f"SELECT count(*) FROM {_rows(oid, before, after)} WHERE NOT ({now.bound})"
            yield Loss(table.name, None, message, query, destroys=False)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
