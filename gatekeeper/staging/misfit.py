"""Which values of a column are lost when it takes another type: conditions in SQL. Pure."""

from gatekeeper.staging.storage import StoredColumn

_RANGES = {"int2": 2**15, "int4": 2**31, "int8": 2**63}
_WHOLE = r"'^\s*[-+]?[0-9]+\s*$'"
_DECIMAL = r"'^\s*[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,3})?\s*$'"
_UUID = "'^\\{?[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\\}?$'"
_BOOLEAN = "('t', 'f', 'true', 'false', 'y', 'n', 'yes', 'no', 'on', 'off', '1', '0')"
_TEXTS = frozenset({"text", "varchar", "bpchar", "citext", "name"})
_FRACTIONS = frozenset({"numeric", "float4", "float8"})
_TIMES = frozenset({"date", "timestamp", "timestamptz", "time", "timetz", "interval"})


def misfit(column: StoredColumn, now: StoredColumn) -> str | None:
    """The condition under which a value of `column` is lost in the type of `now`; None where every value fits.

    A condition may raise on a value that has no form at all in the new type: then nobody knows how many there are.
    """
    value = column.sql
    if now.labels is not None:
        return _labels(column, now)
    if column.type == now.type:
        return None
    if now.base in _TEXTS:
        return _too_long(column, now)
    if column.base in _TEXTS:
        return _unreadable(value, now)
    if now.base in _RANGES:
        return _out_of_range(column, now)
    if now.base == "numeric":
        return _rounded(column, now)
    if {column.base, now.base} <= _TIMES or {column.base, now.base} <= _FRACTIONS:
        return f"{value}::{now.type}::{column.type} IS DISTINCT FROM {value}"
    return f"{value}::text <> {value}::text::{now.type}::text"


def _labels(column: StoredColumn, now: StoredColumn) -> str | None:
    labels = now.labels or ()
    if column.labels is not None and set(column.labels) <= set(labels):
        return None
    known = ", ".join(_literal(label) for label in labels)
    return f"{column.sql}::text NOT IN ({known})" if known else f"{column.sql} IS NOT NULL"


def _too_long(column: StoredColumn, now: StoredColumn) -> str | None:
    if now.length is None or (column.length is not None and column.length <= now.length):
        return None
    return f"length({column.sql}::text) > {now.length}"


def _out_of_range(column: StoredColumn, now: StoredColumn) -> str | None:
    limit = _RANGES[now.base]
    inside = f"{column.sql} NOT BETWEEN {-limit} AND {limit - 1}"
    if column.base in _RANGES:
        return inside if limit < _RANGES[column.base] else None
    if column.base == "numeric":
        return f"{inside} OR {column.sql} <> trunc({column.sql})"
    if column.base in _FRACTIONS:
        return f"{inside} OR {column.sql} <> trunc({column.sql}::numeric)::{column.type}"
    return f"{column.sql}::text <> {column.sql}::{now.type}::text"


def _rounded(column: StoredColumn, now: StoredColumn) -> str | None:
    if now.precision is None or now.scale is None:
        return None if column.base in _RANGES or column.base == "numeric" else _through_text(column, now)
    if column.base == "numeric" and column.precision is not None and column.scale is not None:
        is_wider = now.scale >= column.scale and now.precision - now.scale >= column.precision - column.scale
        if is_wider:
            return None
    value = f"{column.sql}::numeric"
    too_big = f"abs(round({value}, {now.scale})) >= 1e{now.precision - now.scale}::numeric"
    return f"{too_big} OR {value} <> round({value}, {now.scale})"


def _through_text(column: StoredColumn, now: StoredColumn) -> str:
    return f"{column.sql}::text <> {column.sql}::{now.type}::text"


def _unreadable(value: str, now: StoredColumn) -> str:
    """Text that the new type does not take. Without a pattern for the type the condition raises on such a text."""
    if now.base in _RANGES:
        limit = _RANGES[now.base]
        return _unless(value, _WHOLE, f"{value}::numeric NOT BETWEEN {-limit} AND {limit - 1}")
    if now.base == "numeric" and now.precision is not None and now.scale is not None:
        digits = f"abs(round({value}::numeric, {now.scale})) >= 1e{now.precision - now.scale}::numeric"
        return _unless(value, _DECIMAL, f"{digits} OR {value}::numeric <> round({value}::numeric, {now.scale})")
    if now.base in _FRACTIONS:
        return f"{value} !~ {_DECIMAL}"
    if now.base == "uuid":
        return f"{value} !~ {_UUID}"
    if now.base == "bool":
        return f"lower(btrim({value})) NOT IN {_BOOLEAN}"
    return f"{value}::{now.type} IS NULL AND {value} IS NOT NULL"


def _unless(value: str, pattern: str, condition: str) -> str:
    return f"CASE WHEN {value} ~ {pattern} THEN {condition} ELSE {value} IS NOT NULL END"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
