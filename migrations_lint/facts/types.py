"""Types as the grammar spells them, and whether a change of type rewrites the table.

Source: PostgreSQL 18, ALTER TABLE, Notes ("Adding a column … changing the type of an existing column"), and
`ATColumnChangeRequiresRewrite` with the length-coercion support functions of varchar, numeric, varbit, timestamp,
time and interval.
"""

import re
from collections.abc import Mapping
from typing import Any

from migrations_lint.model import UserType, Work
from migrations_lint.parse.nodes import dotted, inner, kind_of

_SPELLINGS = {
    "int2": "smallint", "int4": "integer", "int8": "bigint", "float4": "real", "float8": "double precision",
    "bool": "boolean", "varchar": "character varying", "bpchar": "character", "varbit": "bit varying",
    "timestamp": "timestamp without time zone", "timestamptz": "timestamp with time zone",
    "time": "time without time zone", "timetz": "time with time zone", "decimal": "numeric",
}  # fmt: skip
_SERIALS = {"smallserial": "smallint", "serial2": "smallint", "serial": "integer", "serial4": "integer",
            "bigserial": "bigint", "serial8": "bigint"}  # fmt: skip
_BUILT_IN = frozenset(_SPELLINGS.values()) | {
    "text", "uuid", "json", "jsonb", "date", "interval", "bytea", "bit", "inet", "cidr", "macaddr", "xml", "money",
    "name", "oid", "point", "tsvector", "tsquery", "int4range", "int8range", "numrange", "tsrange", "tstzrange",
    "daterange", "char", "macaddr8", "hstore", "citext", "line", "lseg", "box", "path", "polygon", "circle",
}  # fmt: skip
# Binary coercible both ways without a rewrite, as far as pg_cast says so and no length is set.
_SAME_BYTES = frozenset({("character varying", "text"), ("text", "character varying"), ("cidr", "inet")})
_LENGTH_ONLY = frozenset({"character varying", "bit varying"})
_PRECISION = frozenset(
    {
        "timestamp without time zone",
        "timestamp with time zone",
        "time without time zone",
        "time with time zone",
        "interval",
    }
)
_FINEST = 6  # digits of a second that all times and intervals have, unless told to keep fewer
_TYPE = re.compile(r"(?P<base>[^(\[]+?)(?:\((?P<args>[\d,\s-]+)\))?(?P<tail>[a-z ]*)(?P<array>(?:\[\])*)")


def type_text(type_name: Any) -> str:
    """A TypeName in the spelling of `format_type`: `character varying(20)`, `integer[]`; serials stay serials."""
    bare = dotted(type_name.names)
    base = _SPELLINGS.get(bare, bare)
    numbers = [str(_number(node)) for node in type_name.typmods]
    if base == "interval" and type_name.typmods:
        numbers = numbers[1:]
    if base == "character" and not numbers:
        numbers = ["1"]
    modifier = f"({','.join(numbers)})" if numbers else ""
    if modifier and base.endswith("time zone"):
        word, _, rest = base.partition(" ")
        spelled = f"{word}{modifier} {rest}"
    else:
        spelled = base + modifier
    return spelled + "[]" * len(type_name.array_bounds)


def serial_of(type_name: str) -> str | None:
    """The integer type behind a serial, or None for any other type."""
    return _SERIALS.get(type_name)


def is_built_in(type_name: str) -> bool:
    """Whether it is a type of PostgreSQL's own (or a serial), so that it cannot be a domain with constraints."""
    base, _ = _split(type_name.removesuffix("[]"))
    return base in _BUILT_IN or base in _SERIALS


def change_of_type(before: str | None, after: str, *, using: bool, types: Mapping[str, UserType]) -> tuple[Work, bool]:
    """The work that a change of type means, and whether that is only assumed.

    `before` is None where the column is not known; then the worst is assumed. A domain has the bytes of the type below
    it; to one with constraints the table is written anew, so that each value is checked.
    """
    if using:
        return Work.REWRITE, False
    if before is None:
        return Work.REWRITE, True
    if after in types and types[after].constrained and before != after:
        return Work.REWRITE, False
    before, after = _below(before, types), _below(after, types)
    if before == after:
        return Work.INSTANT, False
    old, old_modifier = _split(before)
    new, new_modifier = _split(after)
    if (old, new) in _SAME_BYTES:
        kept = new_modifier is None
        return (Work.INSTANT if kept else Work.REWRITE), False
    if {old, new} == {"timestamp without time zone", "timestamp with time zone"}:
        return Work.REWRITE, True  # not where TimeZone is UTC (12+), which a file cannot tell
    if old != new:
        return Work.REWRITE, not (is_built_in(before) and is_built_in(after))
    return (Work.INSTANT if _only_wider(old, old_modifier, new_modifier) else Work.REWRITE), False


def _below(type_name: str, types: Mapping[str, UserType]) -> str:
    """The base type of a domain, or the type itself."""
    while type_name in types and (base := types[type_name].base) is not None:
        type_name = base
    return type_name


def _only_wider(base: str, old: tuple[int, ...] | None, new: tuple[int, ...] | None) -> bool:
    if base in _LENGTH_ONLY or base in _PRECISION:
        widest = (_FINEST,) if base in _PRECISION else None
        return new in {None, widest} or (old is not None and new is not None and new[0] >= old[0])
    if base == "numeric":
        if new is None:
            return True
        if old is None:
            return False
        return new[0] >= old[0] and (new[1:] or (0,)) == (old[1:] or (0,))
    return False


def _split(type_name: str) -> tuple[str, tuple[int, ...] | None]:
    match = _TYPE.fullmatch(type_name)
    if match is None:
        return type_name, None
    base = (match["base"].strip() + match["tail"].rstrip()).strip() + match["array"]
    numbers = tuple(int(number) for number in match["args"].split(",")) if match["args"] else None
    return base, numbers


def _number(node: Any) -> int:
    constant = inner(node)
    return int(constant.ival.ival) if kind_of(node) == "A_Const" and constant.HasField("ival") else 0
