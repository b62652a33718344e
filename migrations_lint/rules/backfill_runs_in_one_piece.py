"""UPDATE or DELETE with a condition that is no key, or INSERT … SELECT between tables in use: rows without number."""

from collections.abc import Iterator

from migrations_lint.model import Finding, LockFact, LockMode, Relation, RowChange, Severity, Work
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_FEW = 10_000  # rows; changed in the time of a page load

_FROM_QUERY = "If that may be many, go through the key in batches, committing each, outside of the deploy."
_BY_MARK = (
    "If that may be many, have `gatekeeper migrate` go through the key in batches, by a comment above it: "
    "`-- gatekeeper: backfill by id in batches of 1000`."
)


@rule
def backfill_runs_in_one_piece(moment: Moment) -> Iterator[Finding]:
    """How many rows a condition reaches the text does not tell, so this is a note; a key in it bounds it."""
    for change in () if moment.is_backfill else moment.all(RowChange):
        if not moment.is_live(change.relation) or _is_small(moment, change.relation) or not _is_open(moment, change):
            continue
        yield moment.finding(
            _what_happens(moment, change),
            help=_FROM_QUERY if change.command == "INSERT" else _BY_MARK,
            relations=(change.relation,),
            severity=Severity.NOTE,
        )


def _what_happens(moment: Moment, change: RowChange) -> str:
    if change.command == "INSERT":
        sources = " and ".join(dict.fromkeys(str(lock.relation) for lock in _sources(moment)))
        return (
            f"INSERT … SELECT copies all rows of {sources} that fit to {change.relation} in one transaction: replicas "
            "get them all at once, and until the commit VACUUM can clear nothing away"
        )
    return (
        f"{change.command} on {change.relation} changes all rows that fit in one transaction: each stays locked until "
        "the commit, and replicas get them all at once"
    )


def _sources(moment: Moment) -> Iterator[LockFact]:
    """What an INSERT … SELECT reads through."""
    live = moment.locks_on_live_tables()
    return (lock for lock in live if lock.mode is LockMode.ACCESS_SHARE and lock.work is Work.SCAN)


def _is_open(moment: Moment, change: RowChange) -> bool:
    if change.command == "INSERT":
        return change.from_query and any(True for _ in _sources(moment))
    return change.command in {"UPDATE", "DELETE"} and change.bounded and not _by_key(moment, change)


def _by_key(moment: Moment, change: RowChange) -> bool:
    table = moment.before.find(change.relation)
    if table is None:
        return "id" in change.where_columns
    keys = [set(index.columns) for index in table.indexes if index.unique]
    keys += [set(table.primary_key.columns)] if table.primary_key else []
    return any(key & set(change.where_columns) for key in keys)


def _is_small(moment: Moment, relation: Relation) -> bool:
    size = moment.size_of(relation)
    return size is not None and size.rows is not None and size.rows <= _FEW
