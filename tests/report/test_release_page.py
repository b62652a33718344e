"""A release's page needs nothing but itself, and whatever it is given stays text."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gatekeeper.model.evidence import Evidence
from gatekeeper.model.gate import Approval, Decision
from gatekeeper.model.release import Outcome, PlannedMigration, PlannedUndo, Release, ReleaseRecord, Step, StepState
from gatekeeper.report.charts import bake_chart, steps_chart
from gatekeeper.report.dora import delivery
from gatekeeper.report.release_page import delivery_page, release_page

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script>"
RECORD = ReleaseRecord(
    Release(
        "r1", "clinic", "production", "v2", "v1", "abc", "ada", NOW,
        (PlannedMigration("0007", "migrations/0007.sql", "f" * 64, "s" * 64),),
        "d" * 64, outcome=Outcome.ROLLED_BACK, undo=PlannedUndo(4, "Roll the application back."),
        summary=f"rolled back to v1: {HOSTILE}", ended=NOW + timedelta(minutes=2),
    ),
    (
        Step("lint", StepState.DONE, NOW, 0.4, "nothing found"),
        Step("smoke", StepState.FAILED, NOW + timedelta(seconds=60), 1.5, f"login: {HOSTILE}"),
    ),
    (Evidence("smoke", "e" * 64, "fail", HOSTILE, Path("smoke.json"), NOW),),
)  # fmt: skip
SAID = (Approval("production", Decision.APPROVE, "grace", "release-manager", "d" * 64, NOW, HOSTILE),)
BAKE = {
    "verdict": "failed", "began": NOW.isoformat(), "looks": 3, "shadow": False,
    "objectives": [{"name": "login", "verdict": "failed", "p_value": 0.0001, "message": f"12 of 400 {HOSTILE}"}],
    "series": [
        {"after": 15.0, "seen": {"login": [1, 100]}},
        {"after": 30.0, "seen": {"login": None}},
        {"after": 45.0, "seen": {"login": [12, 400]}},
    ],
}  # fmt: skip


@pytest.fixture
def page() -> str:
    return release_page(RECORD, SAID, BAKE)


def test_everything_that_a_reader_asks_for_is_on_it(page: str) -> None:
    for word in ("rolled back", "row 4", "0007", "grace", "e" * 64, "d" * 64, "login", "Under watch", "f" * 64):
        assert word in page


def test_nothing_is_loaded_from_elsewhere_and_nothing_is_run(page: str) -> None:
    assert HOSTILE not in page
    assert not re.search(r"<script|<link|<img|@import|url\(|src=", page)
    assert set(re.findall(r"https?://[^\"'\s<]+", page)) <= {"http://www.w3.org/2000/svg"}


def test_the_charts_are_whole_pictures() -> None:
    steps, bake = ElementTree.fromstring(steps_chart(RECORD)), ElementTree.fromstring(bake_chart(BAKE))

    svg = "{http://www.w3.org/2000/svg}"
    bars = steps.findall(f"{svg}rect")
    assert [bar.attrib["fill"] for bar in bars] == ["#2e7d32", "#c62828"]
    assert float(bars[1].attrib["x"]) > float(bars[0].attrib["x"])
    assert len(bake.findall(f"{svg}polyline")) == 2  # the look that saw nothing is a gap


def test_a_night_at_the_gate_does_not_squeeze_the_steps() -> None:
    late = Step("deploy", StepState.DONE, NOW + timedelta(hours=9), 2.0)

    chart = ElementTree.fromstring(steps_chart(replace(RECORD, steps=(*RECORD.steps, late))))

    svg = "{http://www.w3.org/2000/svg}"
    assert all(float(bar.attrib["width"]) > 30 for bar in chart.findall(f"{svg}rect"))
    assert any("later" in (words.text or "") for words in chart.findall(f"{svg}text"))


def test_a_release_that_has_not_begun_has_a_page_too() -> None:
    assert "Under way." in release_page(ReleaseRecord(Release("r", "a", "b", "v1", None, "", "ada", NOW)), (), None)


def test_the_page_of_the_figures_says_what_was_not_measured() -> None:
    figures = delivery([RECORD], {}, NOW - timedelta(days=7), NOW + timedelta(days=1))

    shown = delivery_page("clinic@production", figures, [RECORD])

    assert "–" in shown
    assert HOSTILE not in shown
