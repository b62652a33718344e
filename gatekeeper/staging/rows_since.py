"""What a way down does to rows written since the way up, seen rather than foretold: it may delete or overwrite them."""

import re
from collections.abc import Iterator

from gatekeeper.model.proof import LockTrace, Loss
from gatekeeper.staging.catalog import BOOKKEEPING
from gatekeeper.staging.data_probe import DataDigest, TableDigest
from gatekeeper.staging.sample_rows import Name
from migrations_lint.locks import LockMode

_COMMENTS = r"(?:\s|--[^\n]*\n|/\*.*?\*/)*"
_CHANGES_ROWS = re.compile(
    rf"{_COMMENTS}(INSERT|UPDATE|DELETE|MERGE|WITH|DO|CALL|SELECT|COPY|TRUNCATE)\b", re.IGNORECASE | re.DOTALL
)
_ONLY_READ = (LockMode.ACCESS_SHARE, LockMode.ROW_SHARE)
_WHERE = r"(?:\s+WHERE\s+(?P<where>.+?))?\s*;?\s*"
_TABLE = r"(?P<table>(?:ONLY\s+)?[\w.\"]+)"
_DELETE = re.compile(rf"{_COMMENTS}DELETE\s+FROM\s+{_TABLE}{_WHERE}", re.IGNORECASE | re.DOTALL)
_UPDATE = re.compile(rf"{_COMMENTS}UPDATE\s+{_TABLE}\s+SET\s+(?:(?!\bFROM\b).)+?{_WHERE}", re.IGNORECASE | re.DOTALL)


def tables_written(trace: LockTrace) -> frozenset[Name]:
    """The tables whose rows the script may have changed, by what its statements are and what was locked meanwhile.

    A table that was locked more strongly before shows no ROW EXCLUSIVE of its own.
    """
    return frozenset(
        (lock.relation.schema, lock.relation.name)
        for statement in trace.statements
        if _CHANGES_ROWS.match(statement.sql)
        for lock in statement.locks
        if lock.mode not in _ONLY_READ and lock.relation.name not in BOOKKEEPING
    )


def losses_since(
    trace: LockTrace, without: DataDigest, before: DataDigest, written: DataDigest, after: DataDigest
) -> tuple[Loss, ...]:
    """Rows and values that were written and did not come through the way down.

    `without` is what the way down left when nothing had been written; `before` and `written` are from just before and
    just after the writing, `after` from after the way down. Sums add up, so what the new rows should have added to
    `without` is known for every column that is there all the time.
    """
    found: list[Loss] = []
    for name, table in written.tables.items():
        left, had, now = (stop.tables.get(name) for stop in (without, before, after))
        if left is not None and had is not None and now is not None:
            found += _of_table(trace, name, left, had, now, table)
    return tuple(found)


def _of_table(
    trace: LockTrace, name: str, without: TableDigest, before: TableDigest, after: TableDigest, written: TableDigest
) -> Iterator[Loss]:
    new = written.rows - before.rows
    gone = without.rows + new - after.rows
    if gone > 0:
        message = f"{gone} of {new} rows written to {name} since the way up are deleted"
        yield Loss(name, None, message, _witness(trace, name, _DELETE))
        return
    for column, (_, values) in written.columns.items():
        stops = [table.columns.get(column) for table in (without, before, after)]
        if None in stops:
            continue
        left, had, now = (stop[1] for stop in stops if stop is not None)
        if now - left != values - had:
            message = f"column {name}.{column}: values written since the way up are overwritten"
            yield Loss(name, column, message, _witness(trace, name, _UPDATE))


def _witness(trace: LockTrace, name: str, form: re.Pattern[str]) -> str:
    """The rows that the statement would reach; where it is no plain one, all rows of the table: so many at most."""
    bare = name.partition(".")[2]
    for statement in trace.statements:
        match = form.fullmatch(statement.sql)
        if match and match["table"].replace('"', "").split(".")[-1].split()[-1] == bare:
            return f"SELECT count(*) FROM {match['table']}" + (f" WHERE {match['where']}" if match["where"] else "")
    quoted = ".".join('"' + part.replace('"', '""') + '"' for part in name.split(".", 1))
    return f"SELECT count(*) FROM {quoted}"
