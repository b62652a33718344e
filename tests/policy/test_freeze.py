"""A freeze holds from its beginning to its end, in its own calendar, and at no other time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.policy.freeze import Freeze, frozen

WEEKEND = Freeze("weekend", "0 16 * * FRI", timedelta(hours=64), "Europe/Vienna")
VIENNA = ZoneInfo("Europe/Vienna")


def at(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=VIENNA).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "holds"),
    [
        (at(2026, 11, 27, 15, 59), False),
        (at(2026, 11, 27, 16), True),
        (at(2026, 11, 29, 12), True),
        (at(2026, 11, 30, 7, 59), True),
        (at(2026, 11, 30, 8), False),
        (at(2026, 12, 2, 12), False),
    ],
)
def test_a_weekend_is_frozen_from_friday_afternoon_to_monday_morning(now: datetime, holds: bool) -> None:
    found = frozen([WEEKEND], now)

    assert (found is not None) is holds
    if found is not None:
        assert found.until == at(2026, 11, 30, 8)


def test_it_begins_at_the_local_hour_on_both_sides_of_a_change_of_the_clock() -> None:
    summer, winter = at(2026, 10, 23, 16), at(2026, 10, 30, 16)  # clocks go back on 25 October

    assert (summer.hour, winter.hour) == (14, 15)
    for begins in (summer, winter):
        assert frozen([WEEKEND], begins - timedelta(seconds=1)) is None
        assert frozen([WEEKEND], begins) is not None


def test_of_two_that_hold_the_longer_one_is_told() -> None:
    holidays = Freeze("holidays", "0 0 20 12 *", timedelta(days=14), "UTC")

    found = frozen([WEEKEND, holidays], datetime(2026, 12, 26, 12, tzinfo=UTC))

    assert found is not None
    assert (found.freeze.name, found.until) == ("holidays", datetime(2027, 1, 3, tzinfo=UTC))


@given(st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)), st.integers(1, 150))
def test_it_agrees_with_a_search_from_minute_to_minute(naive: datetime, hours: int) -> None:
    now = naive.replace(tzinfo=UTC)
    freeze = Freeze("nightly", "30 2 * * SUN", timedelta(hours=hours), "Europe/Vienna")

    begun = [
        start
        for days in range(8)
        if (local := (now.astimezone(VIENNA) - timedelta(days=days))).weekday() == 6
        and (start := _half_past_two(local)) <= now
    ]

    assert (frozen([freeze], now) is not None) == any(now < start + freeze.lasts for start in begun)


def _half_past_two(day: datetime) -> datetime:
    """02:30 of a local day; where the clock skips it, what cron does: the first moment after the gap."""
    start = day.replace(hour=2, minute=30, second=0, microsecond=0, fold=0)
    there = start.astimezone(UTC).astimezone(VIENNA)
    return (start if there.hour == 2 else there.replace(minute=0)).astimezone(UTC)
