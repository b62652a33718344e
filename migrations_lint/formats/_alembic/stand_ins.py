"""Inert modules in place of an application that is not installed here, so that its revisions still load.

A stand-in can be called, subclassed, decorated with, iterated over and used as a column type. Only where one
reaches the SQL is the result not the real one, and that is reported.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.types import UserDefinedType

from migrations_lint.formats._python.absent import absent

MARK = "stand_in_for_"

_TYPES = {
    "UUID": "uuid",
    "GUID": "uuid",
    "JSON": "jsonb",
    "JSONB": "jsonb",
    "Timestamp": "timestamp with time zone",
    "UTCDateTime": "timestamp with time zone",
    "TZDateTime": "timestamp with time zone",
    "CIText": "citext",
}
_Report = Callable[[str, str], None]


class StandIn(UserDefinedType[Any]):
    """Any name of a module that is not there."""

    cache_ok = True

    def __init__(self, path: str, report: _Report) -> None:
        self._path, self._report = path, report

    def get_col_spec(self, **_: Any) -> str:
        """What a column of this type becomes; called by SQLAlchemy when it writes DDL."""
        name = self._path.rpartition(".")[2]
        known = _TYPES.get(name, "text")
        self._report(
            f"the type {self._path} is not installed here; read as {known}",
            "Run gatekeeper in the environment of the application, where the module can be imported.",
        )
        return known

    def __getattr__(self, name: str) -> "StandIn":
        if name.startswith("_"):
            raise AttributeError(name)
        return StandIn(f"{self._path}.{name}", self._report)

    def __call__(self, *_: Any, **__: Any) -> "StandIn":
        return StandIn(self._path, self._report)

    def __mro_entries__(self, _: tuple[Any, ...]) -> tuple[type, ...]:
        return ()

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> "StandIn":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __str__(self) -> str:
        return MARK + self._path.replace(".", "_")

    __repr__ = __str__

    def __format__(self, _: str) -> str:
        return str(self)


@contextmanager
def stand_ins(filename: str, report: _Report) -> Iterator[None]:
    """While this lasts, imports of `filename` that fail are answered by inert modules; they are gone afterwards."""
    with absent(filename, lambda path: StandIn(path, report)):
        yield
