"""Reports in the shapes that people and tools read. One plug-in a shape, ending in `REPORTER`, with its page."""

import pkgutil
from functools import cache
from importlib import import_module
from typing import Protocol, runtime_checkable

from migrations_lint.model import Report


@runtime_checkable
class Reporter(Protocol):
    """One shape of report."""

    @property
    def name(self) -> str:
        """The name that `--format` takes."""
        ...

    def render(self, report: Report, *, tool: str) -> str:
        """The whole report as text, without a line end; `tool` is our name and version."""
        ...


@cache
def reporters() -> dict[str, Reporter]:
    """All reporters by name."""
    modules = [import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    found = [getattr(module, "REPORTER", None) for module in modules]
    return {reporter.name: reporter for reporter in found if isinstance(reporter, Reporter)}
