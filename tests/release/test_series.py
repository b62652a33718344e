"""A bake that was killed goes on where it was, and what it did not see meanwhile counts as not seen."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from gatekeeper.model.bake import Counts, Look, Schedule
from gatekeeper.release.series import series_of

BEGAN = datetime(2026, 11, 24, 9, 0, 0, tzinfo=UTC)
EVERY = timedelta(seconds=15)
SCHEDULE = Schedule(8)


def look(seconds: int, bad: int, total: int) -> Look:
    return Look(timedelta(seconds=seconds), {"login": Counts(bad, total)})


def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    first = series_of(tmp_path / "bake.jsonl", SCHEDULE, EVERY, BEGAN)
    first.begin({"login": Counts(1, 900)})
    first.add(look(15, 0, 20))
    first.add(look(30, 1, 40))

    later = series_of(tmp_path / "bake.jsonl", SCHEDULE, EVERY, BEGAN + timedelta(minutes=1))

    assert (later.began, later.before, later.looks) == (BEGAN, {"login": Counts(1, 900)}, first.looks)
    assert later.newest("login") == Counts(1, 40)
    assert later.next_look == BEGAN + timedelta(seconds=45)


def test_looks_that_were_missed_are_written_as_unseen(tmp_path: Path) -> None:
    series = series_of(tmp_path / "bake.jsonl", SCHEDULE, EVERY, BEGAN)
    series.begin({})
    series.add(look(15, 0, 20))
    series.add(look(62, 0, 80))

    assert [one.seen.get("login") for one in series.looks] == [Counts(0, 20), None, None, Counts(0, 80)]


def test_one_that_is_over_or_damaged_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "bake.jsonl"
    series = series_of(path, Schedule(1), EVERY, BEGAN)
    series.begin({})
    series.add(look(15, 0, 20))

    assert series_of(path, Schedule(1), EVERY, BEGAN + EVERY).looks == []
    path.write_text(path.read_text()[:-5])
    assert series_of(path, SCHEDULE, EVERY, BEGAN).looks == []
