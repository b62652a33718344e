"""What is watched after a deploy, and what was seen. The words are OpenSLO's: an objective has a target."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum


@dataclass(frozen=True, slots=True)
class Objective:
    """At least `target` of all events are good: 0.999 of the logins, or 0.95 of the answers within 2 s.

    Below `minimum` events nothing is said.
    """

    name: str
    target: float
    minimum: int = 50

    @property
    def budget(self) -> float:
        """How many of all events may be bad."""
        return 1 - self.target


@dataclass(frozen=True, slots=True)
class Counts:
    """Events since the deploy, and how many of them were bad."""

    bad: int
    total: int

    @property
    def share(self) -> float:
        """Bad among all; 0 where there was none."""
        return self.bad / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Look:
    """One look at all objectives, `after` the deploy; None for one whose source did not answer."""

    after: timedelta
    seen: Mapping[str, Counts | None]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often is looked, and how often a healthy release may be taken for a bad one, over all looks together."""

    looks: int
    alpha: float = 0.001


class BakeVerdict(Enum):
    """`watching`: nothing is decided yet, look again."""

    GOOD = "good"
    WATCHING = "watching"
    INCONCLUSIVE = "inconclusive"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Judged:
    """What is said of one objective, with the numbers that it rests on; `surprise` is the p-value."""

    objective: str
    verdict: BakeVerdict
    counts: Counts | None
    surprise: float | None
    message: str


@dataclass(frozen=True, slots=True)
class Bake:
    """What is said of the release, and of each objective."""

    verdict: BakeVerdict
    objectives: tuple[Judged, ...]
