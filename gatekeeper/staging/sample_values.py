"""Values that may fit a column: what its checks and partitions name, then what its type and its name suggest. Pure."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_NUMBER = re.compile(r"(?<![\w.'])-?\d+(?:\.\d+)?(?![\w.'])")
_BEGINS_WITH_DIGIT = re.compile(r"-?\d")
_TEXT = re.compile(r"'((?:[^']|'')*)'")
_MOST_LITERALS = 8
_LONGEST_TEXT = 200
_RANGES_OF_NUMBERS = frozenset({"int4range", "int8range", "numrange"})
_RANGES_OF_TIMES = frozenset({"daterange", "tsrange", "tstzrange"})


@dataclass(frozen=True, slots=True)
class SampleColumn:
    """What decides which values a column takes.

    `kind` is its type as SQL spells it, `base` and `category` are those of the type below a domain; `size` limits a
    varchar, char or bit; `labels` are those of an enum or of an array of one; `attributes` counts those of a composite
    type. `checks` are the texts of the checks that name it, `bounds` those of the partitions that it decides.
    `parent`, where it is part of a foreign key: schema, table, column, and the columns of the whole key.
    """

    table: str
    name: str
    position: int
    kind: str
    base: str
    category: str
    size: int | None
    attributes: int
    required: bool
    labels: tuple[str, ...]
    checks: str
    bounds: str
    parent: tuple[str, str, str, tuple[str, ...]] | None


def texts(column: SampleColumn, row: int) -> list[str | None]:
    """Values for the row with this number, as PostgreSQL reads them, likeliest first; None is NULL."""
    found = dict.fromkeys([*_from_bounds(column), *_from_checks(column, row), *_plain(column, row)])
    fitting: list[str | None] = [text for text in found if column.size is None or _fits(column, text)]
    return [*fitting, *([] if column.required else [None])]


def _fits(column: SampleColumn, text: str) -> bool:
    return column.category not in "SV" or column.size is None or len(text) <= column.size


def _from_bounds(column: SampleColumn) -> Iterator[str]:
    yield from _TEXT.findall(column.bounds.replace("MINVALUE", "").replace("MAXVALUE", ""))


def _from_checks(column: SampleColumn, row: int) -> Iterator[str]:
    """The literals that the checks compare with, turned so that rows differ, and their neighbours."""
    words = [text.replace("''", "'") for text in _TEXT.findall(column.checks) if not _is_pattern(text)][:_MOST_LITERALS]
    numbers = [float(number) for number in _NUMBER.findall(column.checks)][:_MOST_LITERALS]
    if column.category == "S" or column.base in {"citext", "json", "jsonb"}:
        yield from words[(row - 1) % max(len(words), 1) :]
        yield from words
        for number in numbers:
            if 0 < number <= _LONGEST_TEXT:
                yield f"{row}{'a' * int(number)}"[: int(number)]
                yield f"{row}{'0' * int(number)}"[: int(number)]
                yield f"{row}{'a' * int(number)}"
    elif column.category in "ND":
        yield from (word for word in words if _BEGINS_WITH_DIGIT.match(word))
        for number in numbers:
            for value in (number, number + row, number - row, number + 0.01, number - 0.01):
                yield f"{value:.2f}".removesuffix(".00")


def _is_pattern(text: str) -> bool:
    return any(sign in text for sign in "^$*[\\%")


def _plain(column: SampleColumn, row: int) -> list[str]:
    if column.labels:
        turn = row % len(column.labels)
        labels = [*column.labels[turn:], *column.labels[:turn]]
        return [f'{{"{label}"}}' for label in labels] if column.category == "A" else labels
    by_name = _OF_TYPE.get(column.base)
    if by_name is not None:
        return [text.format(row=row, hex=f"{row % 256:02x}", next=row + 1) for text in by_name]
    if column.base in _RANGES_OF_NUMBERS:
        return [f"[{row * 10},{row * 10 + 5})", "empty"]
    if column.base in _RANGES_OF_TIMES:
        return [f"[{_day(row)},{_day(row + 1)})", "empty"]
    of_category = _OF_CATEGORY.get(column.category)
    return of_category(column, row) if of_category else [str(row), "{}", "()"]


def _numbers(column: SampleColumn, row: int) -> list[str]:
    return [str(row), str(row + column.position), str(row * 1000), f"0.{row % 10}", "0", f"-{row}"]


def _days(column: SampleColumn, row: int) -> list[str]:
    if column.base in {"time", "timetz"}:
        return [f"{row % 24:02d}:00:00", f"{(row + column.position) % 24:02d}:30:00"]
    return [_day(row), _day(row + column.position), _day(row + 20_000), _day(row - 20_000)]


def _day(row: int) -> str:
    """The first of January 2020 is day 1; months have 28 days here."""
    months, day = divmod(row - 1, 28)
    return f"{2020 + months // 12:04d}-{months % 12 + 1:02d}-{day + 1:02d}"


def _words(column: SampleColumn, row: int) -> list[str]:
    whole = f"{row} {column.name} of {column.table}"  # a way up may unite tables
    mail, address, phone = f"row{row}@example.com", f"https://example.com/{row}", f"+1555000{row:04d}"
    hashes = [f"{row:032x}", f"{row:040x}", f"{row:064x}", f"00000000-0000-4000-8000-{row:012d}"]
    short = [whole[: column.size]] if column.size else []
    lower, upper = chr(ord("a") + row % 26), chr(ord("A") + row % 26)
    codes = [f"a{row}", f"A{row}", f"{row:04d}", str(row), lower, upper, upper * 2, upper * 3]
    return [whole, *short, mail, *codes, address, phone, *hashes, _day(row), "{}", f"#00000{row % 10}"]


def _bits(column: SampleColumn, row: int) -> list[str]:
    size = column.size or 1
    return [f"{row % 2**size:0{size}b}"]


def _composite(column: SampleColumn, row: int) -> list[str]:
    return [f"({','.join([str(row)] * column.attributes)})", f"({','.join([''] * column.attributes)})"]


_OF_CATEGORY: dict[str, Callable[[SampleColumn, int], list[str]]] = {
    "N": _numbers,
    "S": _words,
    "D": _days,
    "V": _bits,
    "C": _composite,
    "B": lambda column, row: ["true", "false"] if row % 2 else ["false", "true"],
    "T": lambda column, row: [f"{row} hours"],
    "A": lambda column, row: [f"{{{row}}}", "{}"],
    "I": lambda column, row: [f"192.0.2.{row % 256}"],
}
_OF_TYPE: dict[str, tuple[str, ...]] = {
    "uuid": ("00000000-0000-4000-8000-{row:012d}",),
    "json": ('{{"row": {row}}}', "[]", "{row}", '"{row}"'),
    "jsonb": ('{{"row": {row}}}', "[]", "{row}", '"{row}"'),
    "bytea": ("\\x{hex}",),
    "xml": ("<row>{row}</row>",),
    "tsvector": ("row{row}",),
    "tsquery": ("row{row}",),
    "macaddr": ("08:00:2b:01:02:{hex}",),
    "macaddr8": ("08:00:2b:01:02:03:04:{hex}",),
    "pg_lsn": ("0/{row}",),
    "hstore": ('"row"=>"{row}"',),
    "ltree": ("row.r{row}",),
    "citext": ("{row} text", "row{row}@example.com", "a{row}"),
    "point": ("({row},{next})",),
    "line": ("{{{row},{next},0}}",),
    "lseg": ("[({row},0),({next},1)]",),
    "box": ("({next},1),({row},0)",),
    "path": ("(({row},0),({next},1))",),
    "polygon": ("(({row},0),({next},1),({row},1))",),
    "circle": ("<({row},0),1>",),
}
