"""The values of a smoke run: what is asked, of whom, and what came back."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Protocol, runtime_checkable


class Verdict(Enum):
    """What a check says, in the order of gravity."""

    PASS = "pass"
    FLAKY = "flaky"
    INCONCLUSIVE = "inconclusive"
    FAIL = "fail"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for pass, 4 for critical."""
        return list(Verdict).index(self)

    @property
    def is_good(self) -> bool:
        """Whether a release may go on."""
        return self in {Verdict.PASS, Verdict.FLAKY}


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that a check left: scrubbed, scanned, and named by its digest."""

    kind: str
    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Repeated:
    """How often a check that was asked many times passed, and between which rates the true one lies (exact bounds)."""

    asked: int
    passed: int
    at_least: float
    at_most: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check found. `message` is one sentence; it never carries a secret or a person's data.

    `unreached`: nothing was heard from the site at all, so the network may be to blame. `refused`: its machine
    was reached and turned us away. `quarantine` says who bears its failure and until when; `shadow`: it is on trial.
    Neither lets a failure count.
    """

    name: str
    verdict: Verdict
    message: str
    critical: bool = True
    seconds: float = 0.0
    attempts: int = 1
    artifacts: tuple[Artifact, ...] = ()
    unreached: bool = False
    refused: bool = False
    quarantine: str = ""
    shadow: bool = False
    repeated: Repeated | None = None

    @property
    def is_decisive(self) -> bool:
        """Whether this outcome alone makes the run fail."""
        counts = self.critical and not self.quarantine and not self.shadow
        return counts and self.verdict in {Verdict.FAIL, Verdict.CRITICAL}


@dataclass(frozen=True, slots=True)
class Target:
    """The running site: its base URL, where artifacts go, and the values that must never show anywhere.

    `control_url` is a page known to be good that is reached by the same network path; where it fails too, the
    runner is blind and the site is not to blame.
    """

    url: str
    artifacts: Path
    secrets: tuple[str, ...] = field(default=(), repr=False)
    control_url: str | None = None


@runtime_checkable
class Check(Protocol):
    """One question to the site. A check is made from its settings and asked once per attempt."""

    @property
    def name(self) -> str:
        """The name under which it is configured and reported."""
        ...

    @property
    def critical(self) -> bool:
        """Whether its failure alone makes the release fail."""
        ...

    @property
    def timeout_seconds(self) -> float:
        """The longest one attempt may take."""
        ...

    @property
    def idempotent(self) -> bool:
        """Whether asking again after a failure of the network changes nothing on the site."""
        ...

    @property
    def beside_others(self) -> bool:
        """Whether it may be asked on a thread of its own while others are: it neither disturbs nor minds them."""
        ...

    @property
    def success_rate(self) -> float | None:
        """How often it has to pass when it is asked many times; None where nobody has said."""
        ...

    @property
    def quarantine(self) -> str:
        """Who bears its failure and until when; empty where it counts."""
        ...

    @property
    def shadow(self) -> bool:
        """Whether it is on trial: asked and shown, and not acted upon."""
        ...

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that it was given in confidence."""
        ...

    def ask(self, target: Target, deadline: float) -> Outcome:
        """Ask once; `deadline` is on the clock of `time.monotonic`. Raises only what is a bug."""
        ...


@dataclass(frozen=True, slots=True)
class SmokeReport:
    """All outcomes of one run and the verdict that follows from them."""

    target: str
    outcomes: tuple[Outcome, ...]
    seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """The gravest of the critical checks; a check that is not critical can lower it to flaky at most."""
        return overall(self.outcomes)

    @property
    def verdict_with_shadow(self) -> Verdict:
        """What the verdict would be if the checks on trial counted too."""
        return overall([replace(outcome, shadow=False) for outcome in self.outcomes])


def overall(outcomes: Sequence[Outcome]) -> Verdict:
    """Fold outcomes into one verdict; nothing asked is nothing known, hence inconclusive."""
    return max(map(_weight, outcomes), key=lambda verdict: verdict.rank, default=Verdict.INCONCLUSIVE)


def _weight(outcome: Outcome) -> Verdict:
    if outcome.shadow or outcome.quarantine:
        return Verdict.PASS
    return outcome.verdict if outcome.critical or outcome.verdict.is_good else Verdict.FLAKY
