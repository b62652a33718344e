"""ALTER COLUMN … TYPE to one that cannot hold every value of the old one."""

import re
from collections.abc import Iterator

from migrations_lint.model import ChangesColumnType, ConstraintKind, Direction, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_INTEGERS = ["smallint", "integer", "bigint"]
_TEXTS = ["character", "character varying", "text"]
# What a conversion drops in silence instead of failing: pg_cast, PostgreSQL 18.
_DROPS = {
    ("timestamp without time zone", "date"): "the time of day is cut off",
    ("timestamp with time zone", "date"): "the time of day is cut off",
    ("timestamp with time zone", "timestamp without time zone"): "the time zone is taken from the session's",
    ("timestamp without time zone", "timestamp with time zone"): "the time zone is taken from the session's",
    ("double precision", "real"): "digits are rounded off",
    ("numeric", "real"): "digits are rounded off",
    ("numeric", "double precision"): "digits are rounded off",
}
_TYPE = re.compile(r"(?P<base>[a-z ]+?)(?:\((?P<sizes>[\d,]+)\))?(?P<tail> with(?:out)? time zone)?")


@rule
def narrower_type_loses_data(moment: Moment) -> Iterator[Finding]:
    """Silent where USING says how, or a valid CHECK on the column may have seen to it that the values fit."""
    if moment.direction is Direction.DOWN:
        return
    for change in moment.all_on_live(ChangesColumnType):
        table = moment.before.find(change.relation)
        checks = [c for c in table.constraints_on(change.column) if c.kind is ConstraintKind.CHECK] if table else []
        harm = _harm(change.before, change.type) if change.before else None
        if harm is None or change.using is not None or any(check.valid for check in checks):
            continue
        yield moment.finding(
            f"values of {change.relation}.{change.column} may not fit from {change.before} into {change.type}: {harm}",
            help="First ADD CONSTRAINT … CHECK that they do, NOT VALID, and validate it; then change the type.",
            relations=(change.relation,),
            severity=Severity.WARNING,
        )


def _harm(before: str, after: str) -> str | None:
    (old, old_sizes), (new, new_sizes) = _split(before), _split(after)
    silent = _DROPS.get((old, new))
    if silent:
        return silent
    if old in _INTEGERS and new in _INTEGERS:
        return _FAILS if _INTEGERS.index(new) < _INTEGERS.index(old) else None
    if old in {"numeric", "real", "double precision"} and new in _INTEGERS:
        return "fractions are rounded off, and the first value out of range stops the migration"
    if old in _TEXTS and new in _TEXTS:
        return _FAILS if _is_shorter(old_sizes, new_sizes) else None
    if old == new == "numeric" and new_sizes is not None:
        return _of_numeric(old_sizes, new_sizes)
    if old == new and new_sizes is not None and "time" in old:
        return "fractions of a second are rounded off" if _is_shorter(old_sizes, new_sizes) else None
    return None


def _of_numeric(old: tuple[int, ...] | None, new: tuple[int, ...]) -> str | None:
    scale = new[1] if len(new) > 1 else 0
    if old is None:
        return "digits are rounded off, and the first value out of range stops the migration"
    old_scale = old[1] if len(old) > 1 else 0
    if scale < old_scale:
        return "digits behind the point are rounded off"
    return _FAILS if new[0] - scale < old[0] - old_scale else None


def _is_shorter(old: tuple[int, ...] | None, new: tuple[int, ...] | None) -> bool:
    return new is not None and (old is None or new[0] < old[0])


def _split(type_name: str) -> tuple[str, tuple[int, ...] | None]:
    match = _TYPE.fullmatch(type_name)
    if match is None:
        return type_name, None
    sizes = tuple(int(size) for size in match["sizes"].split(",")) if match["sizes"] else None
    return match["base"] + (match["tail"] or ""), sizes


_FAILS = "the first one that does not stops the migration"
