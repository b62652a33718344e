"""One value out of a JSON document, and what differs from what is expected. Messages never show a structure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

NOTHING = object()
"""What stands where a path leads nowhere."""


def value_at(document: Any, path: str) -> Any:
    """The value that a path such as `checks.0.status` leads to, or NOTHING."""
    for part in path.split("."):
        if isinstance(document, Mapping) and part in document:
            document = document[part]
        elif isinstance(document, list) and part.isdecimal() and int(part) < len(document):
            document = document[int(part)]
        else:
            return NOTHING
    return document


def differences(body: bytes, expected: Mapping[str, Any]) -> Iterator[str]:
    """What a JSON body has otherwise than `expected`, which maps paths to values."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        yield "expected a JSON answer, saw something else"
        return
    for path, value in expected.items():
        seen = value_at(document, path)
        if seen is NOTHING:
            yield f"expected {path} = {shown(value)}, saw no such key"
        elif not is_same(seen, value):
            yield f"expected {path} = {shown(value)}, saw {shown(seen)}"


def is_same(seen: Any, expected: Any) -> bool:
    """Equality as JSON has it: true is not 1."""
    return bool(seen == expected) and isinstance(seen, bool) == isinstance(expected, bool)


def shown(value: Any) -> str:
    """A plain value as JSON, cut short; a structure by its kind alone, since it may hold a person's data."""
    if isinstance(value, Mapping | list):
        return "an object" if isinstance(value, Mapping) else "a list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:80]}…"
