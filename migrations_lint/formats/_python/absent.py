"""Modules that a migration imports and that are not there, answered by inert ones, so that the file still loads."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Make = Callable[[str], Any]


class _AbsentModule(ModuleType):
    make: Make

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.make(f"{self.__name__}.{name}")


class _Finder(MetaPathFinder, Loader):
    """Answers only the migration file's own imports: those of `always` first, others when nobody else knows them."""

    def __init__(self, filename: str, make: Make, always: Callable[[str], bool]) -> None:
        self._filename, self._make, self._always = filename, make, always

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        parent = sys.modules.get(fullname.rpartition(".")[0])
        if (parent is not None and not isinstance(parent, _AbsentModule)) or not self._is_for_migration():
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = _AbsentModule(spec.name)
        module.make = self._make
        return module

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run."""

    def _is_for_migration(self) -> bool:
        frame = sys._getframe(1)
        while frame.f_back is not None and (
            frame.f_code.co_filename == __file__ or "importlib" in frame.f_code.co_filename
        ):
            frame = frame.f_back
        return frame.f_code.co_filename == self._filename


class _FirstFinder(_Finder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return super().find_spec(fullname, path, target) if self._always(fullname) else None


@contextmanager
def absent(filename: str, make: Make, always: Callable[[str], bool] = lambda name: False) -> Iterator[None]:
    """While this lasts, imports of `filename` that fail are answered by `make`; nothing of it is left afterwards.

    `always` names modules that are not to be looked for, even where they could be found.
    """
    first, last = _FirstFinder(filename, make, always), _Finder(filename, make, always)
    sys.meta_path.insert(0, first)
    sys.meta_path.append(last)
    try:
        yield
    finally:
        sys.meta_path.remove(first)
        sys.meta_path.remove(last)
        for name in [name for name, module in sys.modules.items() if isinstance(module, _AbsentModule)]:
            del sys.modules[name]
