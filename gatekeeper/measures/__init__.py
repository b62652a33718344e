"""Measures: where the counts come from by which a release is judged while it bakes.

A measure is a module with `MEASURE` as its last line, and a page of the same stem.
"""

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, Protocol

from gatekeeper.errors import GatekeeperError
from gatekeeper.model.bake import Counts
from smoke.options import resolve


class NotMeasured(GatekeeperError):
    """A source that did not answer, or whose answer is no count. Never means that all is well."""


@dataclass(frozen=True, slots=True)
class Window:
    """The time that is asked about."""

    since: datetime
    until: datetime

    @property
    def span(self) -> timedelta:
        """How long it is."""
        return self.until - self.since


class Measure(Protocol):
    """One source, made from its options.

    `knows_the_past`: it can be asked about any window; else `read` counts what it sees at this moment, and only that.
    """

    knows_the_past: ClassVar[bool]

    def read(self, window: Window) -> Counts:
        """Events in the window, and the bad ones among them; raises NotMeasured."""
        ...


@cache
def kinds() -> dict[str, type[Measure]]:
    """All measures by the name that `use` takes."""
    modules = [module.name for module in pkgutil.iter_modules(__path__)]
    return {name.replace("_", "-"): import_module(f"{__name__}.{name}").MEASURE for name in modules}


def measure(objective: str, use: str, options: Mapping[str, Any], environment: Mapping[str, str]) -> Measure:
    """The measure of an objective; raises Misconfigured, which names the key, and GatekeeperError for a wrong name."""
    kind = kinds().get(use.replace("_", "-"))
    if kind is None:
        raise UnknownMeasure(use)
    return resolve(f"bake objective {objective!r}", kind, options, environment).options


class UnknownMeasure(GatekeeperError):
    """A name that no measure has."""

    exit_code = 2

    def __init__(self, name: str) -> None:
        super().__init__(
            f"there is no measure {name!r}",
            seen=[f"known are {', '.join(sorted(kinds()))}"],
            next_step="Correct `use` under [[bake.objective]].",
        )


def counts(bad: object, total: object, source: str) -> Counts:
    """Two numbers as a source gives them, rounded (rates are extrapolated); raises NotMeasured for what are none."""
    try:
        found = Counts(round(float(str(bad))), round(float(str(total))))
    except (ValueError, OverflowError) as error:
        raise NotMeasured(
            f"{source} gave no count",
            seen=[f"bad: {bad!r}, total: {total!r}"],
            next_step="Correct the objective's options.",
        ) from error
    if not 0 <= found.bad <= found.total:
        raise NotMeasured(
            f"{source} counts {found.bad} bad of {found.total}",
            next_step="Both have to count the same events; correct the objective's options.",
        )
    return found
