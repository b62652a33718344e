"""The own keys of a check or of another plug-in: from the settings file and the environment into typed fields.

A value `env:NAME` is read from the environment variable NAME and counts as secret from then on, as does whatever
stands under a key such as `password`.
"""

import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from difflib import get_close_matches
from typing import Any, Generic, TypeVar

from smoke.errors import Misconfigured

T = TypeVar("T")
_FROM_ENVIRONMENT = "env:"
_SECRET_KEY = re.compile(r"(?i)password|passphrase|secret|token|api_?key|authorization")


@dataclass(frozen=True, slots=True)
class Resolved(Generic[T]):
    """The typed options, and which values among them are secret."""

    options: T
    secrets: tuple[str, ...]


def resolve(entry: str, kind: type[T], options: Mapping[str, Any], environment: Mapping[str, str]) -> Resolved[T]:
    """Make `kind` from its options; raises Misconfigured that names the entry and the key."""
    for key, nearest in _unknown_keys(kind, options):
        raise Misconfigured(entry, key, "there is no such key", next_step=nearest)
    secrets: list[str] = []
    filled = {key: _filled(entry, key, value, environment, secrets) for key, value in options.items()}
    return Resolved(_typed(entry, kind, filled), tuple(secrets))


def _unknown_keys(kind: Any, options: Any, above: str = "") -> Iterator[tuple[str, str]]:
    if not is_dataclass(kind) or not isinstance(options, Mapping):
        return
    names = [field.name for field in fields(kind)]
    hints = typing.get_type_hints(kind)
    for key, value in options.items():
        if key in names:
            yield from _unknown_keys(hints[key], value, f"{above}{key}.")
            continue
        nearest = get_close_matches(key, names, n=1, cutoff=0.5)
        yield f"{above}{key}", f"Did you mean {nearest[0]}?" if nearest else f"Known here: {', '.join(names)}."


def _filled(entry: str, key: str, value: Any, environment: Mapping[str, str], secrets: list[str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _filled(entry, f"{key}.{name}", inner, environment, secrets) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(entry, f"{key}.{n}", inner, environment, secrets) for n, inner in enumerate(value)]
    if not isinstance(value, str) or not value.startswith(_FROM_ENVIRONMENT):
        if isinstance(value, str) and _SECRET_KEY.search(key) and not key.endswith("_label"):
            secrets.append(value)
        return value
    name = value.removeprefix(_FROM_ENVIRONMENT)
    if not environment.get(name):
        raise Misconfigured(
            entry,
            key,
            f"the environment variable {name} is not set",
            next_step=f"Set {name}, in CI as a secret, and run it again.",
        )
    secrets.append(environment[name])
    return environment[name]


def _typed(entry: str, kind: type[T], options: Mapping[str, Any]) -> T:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_python(options)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(map(str, first["loc"])) or "options"
        is_missing = first["type"] in {"missing", "missing_argument"}
        raise Misconfigured(
            entry,
            key,
            "this key is needed" if is_missing else first["msg"].removeprefix("Value error, "),
            next_step=f"Correct the options of {entry}; `gatekeeper explain` shows the page of what it uses.",
        ) from error
