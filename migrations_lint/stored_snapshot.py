"""A snapshot of production as JSON: what `gatekeeper stats pull` writes and `gatekeeper lint --snapshot` reads.

The file holds the catalog and sizes, never rows. Fields that hold their default are left out, so that a file written
by an older version is read by a newer one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, get_type_hints

from migrations_lint.errors import LintError
from migrations_lint.files import read_text
from migrations_lint.snapshot import SchemaSnapshot, Table

VERSION = 1


class UnreadableSnapshot(LintError):
    """A file that is not the JSON of a snapshot, or of a version that we do not know."""

    exit_code: ClassVar[int] = 2

    def __init__(self, path: Path, seen: str) -> None:
        super().__init__(
            f"{path} is not a snapshot of a database",
            seen=[seen],
            next_step="Write it with `gatekeeper stats pull --output FILE`, from the same version of gatekeeper.",
        )


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """A schema with where and when it was taken; `taken` is ISO 8601, in UTC."""

    schema: SchemaSnapshot
    database: str
    server_version: int
    taken: str


def as_json(stored: StoredSnapshot) -> str:
    """One JSON object, its tables sorted by name so that two files compare line by line."""
    written = {
        "version": VERSION,
        "database": stored.database,
        "server_version": stored.server_version,
        "taken": stored.taken,
        **{name: _dumped(name, adapter, stored.schema) for name, adapter in _adapters().items()},
    }
    return json.dumps(written, indent=1, ensure_ascii=False)


def read_snapshot(path: Path) -> StoredSnapshot:
    """The snapshot in a file; raises UnreadableSnapshot."""
    from pydantic import ValidationError

    try:
        read = json.loads(read_text(path))
        if not isinstance(read, dict) or read.get("version") != VERSION:
            raise UnreadableSnapshot(path, f"its version is not {VERSION}")
        return StoredSnapshot(_schema(read), read["database"], read["server_version"], read["taken"])
    except LintError as error:
        raise error if isinstance(error, UnreadableSnapshot) else UnreadableSnapshot(path, str(error)) from error
    except (json.JSONDecodeError, KeyError) as error:
        raise UnreadableSnapshot(path, f"{type(error).__name__}: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise UnreadableSnapshot(path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _schema(read: Mapping[str, Any]) -> SchemaSnapshot:
    parts = {name: adapter.validate_python(read[name]) for name, adapter in _adapters().items() if name in read}
    tables = {table.relation: table for table in parts.pop("tables", ())}
    return SchemaSnapshot(tables, **parts)


def _dumped(name: str, adapter: Any, schema: SchemaSnapshot) -> Any:
    value = getattr(schema, name)
    if name == "tables":
        value = tuple(value[relation] for relation in sorted(value))
    return adapter.dump_python(value, mode="json", exclude_defaults=True)


@cache
def _adapters() -> Mapping[str, Any]:
    """How each part of a schema is written; tables stand in a list, for a relation is no key in JSON."""
    from pydantic import TypeAdapter  # only who reads or writes a snapshot waits for it

    hints = get_type_hints(SchemaSnapshot) | {"tables": tuple[Table, ...]}
    return {part.name: TypeAdapter(hints[part.name]) for part in fields(SchemaSnapshot)}
