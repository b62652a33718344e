"""Reads one value out of a JSON document by its JSON Pointer (RFC 6901)."""

from typing import Any


def value_at(document: Any, pointer: str) -> Any:
    """The value that `pointer` leads to; raises LookupError, ValueError or TypeError where it leads nowhere."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document
