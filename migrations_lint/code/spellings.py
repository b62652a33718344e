"""How code spells a name of the schema: as it is, in camel case, as a class or a client's property."""

import re
from collections.abc import Iterable
from functools import cache

_PART = re.compile(r"[A-Za-z0-9]+")


def of_column(column: str) -> frozenset[str]:
    """`customer_id` and `customerId`."""
    return frozenset({column, _camel(column)})


def of_table(table: str) -> frozenset[str]:
    """`order_items`, and what a model or a client calls it: `OrderItem`, `orderItems` and the like."""
    singular = _singular(table)
    names = {table, singular}
    names |= {_camel(name) for name in (table, singular)}
    names |= {name[:1].upper() + name[1:] for name in (_camel(table), _camel(singular))}
    return frozenset(names | {name[:1].lower() + name[1:] for name in (table, singular)})


def any_of(names: Iterable[str]) -> re.Pattern[str]:
    """Matches each of the names where it stands as a whole word."""
    choice = "|".join(re.escape(name) for name in sorted(names))
    return re.compile(rf"(?<![A-Za-z0-9_$])(?:{choice})(?![A-Za-z0-9_])")


@cache
def pattern_of_column(column: str) -> re.Pattern[str]:
    """Where a column's name stands, however code spells it."""
    return any_of(of_column(column))


@cache
def pattern_of_table(table: str) -> re.Pattern[str]:
    """Where a table's name stands, or that of its model."""
    return any_of(of_table(table))


def _camel(name: str) -> str:
    parts: list[str] = _PART.findall(name) or [name]
    first, *others = parts
    return first + "".join(part[:1].upper() + part[1:] for part in others) if others else first


def _singular(name: str) -> str:
    if name.endswith("ies"):
        return name[:-3] + "y"
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name
