"""Bodies that a client should never send, made from one that is right. Decides only: nothing is sent here."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_DEPTH = 5_000
_LONG = 100_000
_LARGE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class BadBody:
    """What is wrong with it, for a message. `is_unreadable`: nobody could make sense of it, so it has to be refused."""

    what: str
    content: bytes = field(repr=False)
    is_unreadable: bool = True
    content_type: str = "application/json"


def bad_bodies(sample: Any) -> Iterator[BadBody]:
    """One mistake each, from an empty body to a single key of another type."""
    right = json.dumps(sample, ensure_ascii=False).encode()
    yield BadBody("no body", b"")
    yield BadBody("a truncated body", right[: len(right) // 2])
    yield BadBody("text that is not JSON", b"submission=1&name=smoke")
    yield BadBody("null", b"null")
    yield BadBody("a list", b"[]")
    yield BadBody("a number", b"7")
    yield BadBody("JSON that is nested too deep", b"[" * _DEPTH + b"]" * _DEPTH)
    yield BadBody("bytes that are no text", b'{"\xff\xfe\xfa": 1}')
    yield BadBody("1 MiB of one letter", b'"' + b"a" * _LARGE + b'"')
    yield BadBody("another charset", right.decode().encode("utf-16"), is_unreadable=False)
    yield BadBody("a form", right, content_type="application/x-www-form-urlencoded", is_unreadable=False)
    if isinstance(sample, Mapping):
        for key in sample:
            yield from _with_bad_key(sample, key)


def _with_bad_key(sample: Mapping[str, Any], key: str) -> Iterator[BadBody]:
    value = sample[key]
    yield _changed(f"no {key}", {name: inner for name, inner in sample.items() if name != key})
    if value is not None:
        yield _changed(f"null as {key}", {**sample, key: None})
    yield _changed(f"another type of {key}", {**sample, key: 7 if isinstance(value, str | Mapping | list) else "seven"})
    if isinstance(value, str):
        yield _changed(f"a NUL in {key}", {**sample, key: f"{value}\0"})
        yield _changed(f"{_LONG} letters as {key}", {**sample, key: "a" * _LONG})
        yield _changed(f"half of a surrogate pair in {key}", {**sample, key: f"{value}\ud800"})


def _changed(what: str, body: Mapping[str, Any]) -> BadBody:
    return BadBody(what, json.dumps(body).encode(), is_unreadable=False)
