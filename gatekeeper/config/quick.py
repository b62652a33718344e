"""The settings that the linter needs, read without the library that checks them: it loads slower than a file is linted.

Only what is plainly right is taken. Anything else (a wrong type, an unknown key, the environment) is left to
`gatekeeper.config.load`, which knows how to say what is wrong.
"""

import os
import tomllib
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from migrations_lint.settings import LintSettings

FILE_NAME = "gatekeeper.toml"
EXAMPLE = Path(__file__).with_name("example.toml")  # every table and every key
_IN_ENVIRONMENT = ("GATEKEEPER_LINT", "GATEKEEPER_MIGRATIONS")
_SIMPLE = frozenset({bool, int, str})


@dataclass(frozen=True, slots=True)
class LinterSettings:
    """`[lint]`, and what `[migrations]` says of the place and the format of the history."""

    lint: LintSettings = field(default_factory=LintSettings)
    paths: tuple[Path, ...] = (Path("migrations"),)
    format: str = "auto"


class _OutOfTheOrdinary(Exception):
    """For the full reader to look at."""


def linter_settings(path: Path | None = None) -> LinterSettings | None:
    """The settings in `path`, else in this folder's file, else the defaults; None where the full reader is needed."""
    if any(name.upper().startswith(_IN_ENVIRONMENT) for name in os.environ):
        return None
    file = path or Path(FILE_NAME)
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8")) if path or file.is_file() else {}
        return _taken(tables)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, _OutOfTheOrdinary):
        return None


def _taken(tables: Mapping[str, Any]) -> LinterSettings:
    migrations = tables.get("migrations", MappingProxyType({}))
    if not tables.keys() <= tomllib.loads(EXAMPLE.read_text(encoding="utf-8")).keys() or not isinstance(
        migrations, Mapping
    ):
        raise _OutOfTheOrdinary
    if not migrations.keys() <= {"paths", "format"}:
        raise _OutOfTheOrdinary
    given: dict[str, Any] = {}
    if "paths" in migrations:
        given["paths"] = tuple(map(Path, _read(migrations["paths"], tuple[str, ...])))
    if "format" in migrations:
        given["format"] = _read(migrations["format"], str)
    return LinterSettings(_read(tables.get("lint", {}), LintSettings), **given)


def _read(value: Any, wanted: Any) -> Any:
    """The value as the type wants it; raises _OutOfTheOrdinary where that is not plain."""
    if wanted in _SIMPLE and type(value) is wanted:
        return value
    if wanted is float and type(value) in {float, int}:
        return float(value)
    if is_dataclass(wanted) and isinstance(wanted, type) and isinstance(value, dict):
        return _read_table(value, wanted)
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin is typing.Literal and type(value) is str and value in arguments:
        return value
    if origin is tuple and isinstance(value, list):
        kinds = [arguments[0]] * len(value) if arguments[1:] == (...,) else list(arguments)
        if len(kinds) == len(value):
            return tuple(_read(one, kind) for one, kind in zip(value, kinds, strict=True))
    raise _OutOfTheOrdinary


def _read_table(table: Mapping[str, Any], wanted: type[Any]) -> Any:
    hints = typing.get_type_hints(wanted)
    needed = {one.name for one in fields(wanted) if one.default is MISSING and one.default_factory is MISSING}
    if not needed <= table.keys() <= {one.name for one in fields(wanted)}:
        raise _OutOfTheOrdinary
    return wanted(**{name: _read(value, hints[name]) for name, value in table.items()})
