"""How long a migration would keep others waiting in production: measured on few rows, said for many."""

from dataclasses import dataclass

from migrations_lint.model import LockMode, Relation


@dataclass(frozen=True, slots=True)
class Measured:
    """One run on a scratch database: how many rows and bytes it went through, and how long the lock was held."""

    rows: int
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Span:
    """A time in seconds with its uncertainty."""

    low: float
    expected: float
    high: float

    def __or__(self, other: "Span") -> "Span":
        """This expectation, with the room of both."""
        return Span(min(self.low, other.low), self.expected, max(self.high, other.high))


@dataclass(frozen=True, slots=True)
class Estimate:
    """One way of a migration on production's `rows` and `bytes`: how long `relation` is held in `mode`.

    `measured` is what the scratch server took, and `seconds` what that means there: 95 % of the line through the
    measurements, by rows and by bytes. `by_rates` is what the linter says, by the rates under `[lint]`: those of a
    server whose tables are not in memory, as the scratch server's are. Where nothing could be measured, `reason` says
    why, and the linter's word stands alone.
    """

    direction: str
    relation: Relation
    mode: LockMode
    rows: int
    bytes: int
    by_rates: float
    seconds: Span | None = None
    measured: tuple[Measured, ...] = ()
    reason: str | None = None

    @property
    def span(self) -> Span:
        """From the least to the most that either of the two says."""
        rates = Span(self.by_rates, self.by_rates, self.by_rates)
        return rates if self.seconds is None else self.seconds | rates
