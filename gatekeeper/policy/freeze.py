"""Freezes: times in which nothing new goes out. Ways back and repairs are never frozen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim


@dataclass(frozen=True, slots=True)
class Freeze:
    """`begins` is a cron expression of five fields in the calendar of `zone` (an IANA name); it lasts `lasts`.

    Local times follow daylight saving; the length is counted in elapsed time.
    """

    name: str
    begins: str
    lasts: timedelta
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Frozen:
    """A freeze that holds now, and when it ends."""

    freeze: Freeze
    until: datetime


def frozen(freezes: Sequence[Freeze], now: datetime) -> Frozen | None:
    """The freeze that holds longest among those that hold now; None where none does."""
    holding = [Frozen(freeze, ends) for freeze in freezes if (ends := _end(freeze, now)) is not None]
    return max(holding, key=lambda one: one.until, default=None)


def _end(freeze: Freeze, now: datetime) -> datetime | None:
    """When the last one that has begun ends, if that lies ahead."""
    zone = ZoneInfo(freeze.zone)
    # A moment later, because the search looks only at what lies before its start.
    after = (now + timedelta(minutes=1)).astimezone(zone)
    for began in CronSim(freeze.begins, after, reverse=True):
        begins = began.astimezone(UTC)
        if begins <= now:
            ends = begins + freeze.lasts
            return ends if now < ends else None
    return None
