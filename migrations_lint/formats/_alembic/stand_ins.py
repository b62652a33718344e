"""Inert modules in place of an application that is not installed here, so that its revisions still load.

A stand-in can be called, subclassed, decorated with, iterated over and used as a column type. Only where one
reaches the SQL is the result not the real one, and that is reported.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from sqlalchemy.types import UserDefinedType

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


class _StandInModule(ModuleType):
    report: _Report

    def __getattr__(self, name: str) -> StandIn:
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn(f"{self.__name__}.{name}", self.report)


class _Finder(MetaPathFinder, Loader):
    """Asked last, when nobody else knows a module; answers only the revision file's own imports."""

    def __init__(self, filename: str, report: _Report) -> None:
        self._filename, self._report = filename, report

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        parent = sys.modules.get(fullname.rpartition(".")[0])
        if (parent is not None and not isinstance(parent, _StandInModule)) or not self._is_for_revision():
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = _StandInModule(spec.name)
        module.report = self._report
        return module

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run."""

    def _is_for_revision(self) -> bool:
        frame = sys._getframe(1)
        while frame.f_back is not None and (
            frame.f_code.co_filename == __file__ or "importlib" in frame.f_code.co_filename
        ):
            frame = frame.f_back
        return frame.f_code.co_filename == self._filename


@contextmanager
def stand_ins(filename: str, report: _Report) -> Iterator[None]:
    """While this lasts, imports of `filename` that fail are answered by inert modules; they are gone afterwards."""
    finder = _Finder(filename, report)
    sys.meta_path.append(finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name, module in sys.modules.items() if isinstance(module, _StandInModule)]:
            del sys.modules[name]
