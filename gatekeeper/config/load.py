"""Read `gatekeeper.toml` and the environment into Settings; every mistake names the file and the key."""

import tomllib
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from gatekeeper.config.quick import FILE_NAME
from gatekeeper.config.settings import Settings
from gatekeeper.errors import GatekeeperError


class ConfigError(GatekeeperError):
    """The settings cannot be used; says which key, and what was probably meant."""

    exit_code = 2


def load(path: Path | None = None) -> Settings:
    """Settings from `path`, else from `gatekeeper.toml` in this folder if there is one, else the defaults.

    Raises ConfigError for a file that is missing, is not TOML, or holds a key or value that does not fit.
    """
    path = path or (Path(FILE_NAME) if Path(FILE_NAME).is_file() else None)
    tables = _read(path) if path else {}
    try:
        return Settings(**tables)
    except ValidationError as error:
        raise ConfigError(
            f"{path or 'the environment'} cannot be used",
            seen=list(_mistakes(error)),
            next_step="Correct it; `gatekeeper init` writes a file that explains every key.",
        ) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"cannot read the settings file {path}",
            seen=[error.strerror or str(error)],
            next_step="Check --config, or write a new file with `gatekeeper init`.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} is not valid TOML", seen=[str(error)], next_step="Correct the line that it names."
        ) from error


def _mistakes(error: ValidationError) -> Iterator[str]:
    for mistake in error.errors(include_url=False, include_input=False):
        where = [str(part) for part in mistake["loc"]]
        if mistake["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
            yield f"{'.'.join(where)}: there is no such key{_nearest(where)}"
        else:
            yield f"{'.'.join(where)}: {mistake['msg'].removeprefix('Value error, ')}"


def _nearest(where: Sequence[str]) -> str:
    table = _table_at(where[:-1])
    names = _keys(table) if table is not None else []
    matches = get_close_matches(where[-1], names, n=1, cutoff=0.5)
    return f"; did you mean {matches[0]}?" if matches else f"; known here: {', '.join(names)}"


def _table_at(where: Sequence[str]) -> type | None:
    """The settings class that a key path leads to; list positions are passed over."""
    table: type = Settings
    for part in where:
        if part.isdigit():
            continue
        hint = _hints(table).get(part)
        found = next((kind for kind in _classes(hint) if _keys(kind)), None)
        if found is None:
            return None
        table = found
    return table


def _hints(table: type) -> Mapping[str, Any]:
    return typing.get_type_hints(table)


def _classes(hint: Any) -> Iterator[type]:
    if isinstance(hint, type) and not isinstance(hint, types.GenericAlias):
        yield hint
    for inner in typing.get_args(hint):
        yield from _classes(inner)


def _keys(table: type) -> list[str]:
    if is_dataclass(table):
        return [field.name for field in fields(table)]
    return list(table.model_fields) if issubclass(table, BaseModel) else []
