"""What a run makes of answers: who is to blame, what is asked again, what counts, and that it ends in time."""

import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smoke import checks
from smoke.checks import Answer, Asking, checks_from
from smoke.errors import Misconfigured
from smoke.interrupt import Overran, interrupted_after
from smoke.model import Artifact, Outcome, Verdict, overall
from smoke.run import Conduct
from smoke.settings import Quarantine, SmokeSettings
from smoke.verdicts import counted, judged
from tests.smoke.conftest import ask_all, ask_one, entry
from tests.smoke.site import Canned, site

FINE, BROKEN = Canned("/api/health"), Canned("/api/health", 500)
FAILED_ONCE = Canned("/api/health", 500, times=1)


def test_a_failure_that_does_not_come_again_is_flaky_and_both_answers_count_as_attempts() -> None:
    with site(FAILED_ONCE, FINE) as running:
        outcome = ask_one(running.url, "health")

    assert (outcome.verdict, outcome.attempts) == (Verdict.FLAKY, 2)
    assert "failed once, then passed" in outcome.message


def test_a_failure_is_asked_again_once_and_no_more() -> None:
    with site(BROKEN) as running:
        outcome = ask_one(running.url, "health")

    assert outcome.verdict is Verdict.FAIL
    assert running.asked == ["GET /api/health"] * 2


def test_a_line_that_breaks_is_tried_again_before_anything_is_said() -> None:
    with site(Canned("/api/health", 0, times=2), FINE) as running:
        outcome = ask_one(running.url, "health")

    assert (outcome.verdict, outcome.attempts) == (Verdict.PASS, 3)


def test_a_site_that_cannot_be_reached_is_to_blame_only_where_the_control_page_answers(nobody_listens: str) -> None:
    with site(Canned("/")) as control:
        [blamed] = ask_all(nobody_listens, entry("health"), control_url=control.url).outcomes
    [blind] = ask_all(nobody_listens, entry("health"), control_url=nobody_listens).outcomes

    assert (blamed.verdict, blind.verdict) == (Verdict.FAIL, Verdict.INCONCLUSIVE)
    assert "the control page answers" in blamed.message
    assert "the runner may be cut off" in blind.message


IN_QUARANTINE = Quarantine(owner="ada", reason="the vendor is down", until=datetime.now(UTC).date() + timedelta(days=9))


def test_a_check_in_quarantine_is_asked_and_shown_and_does_not_count() -> None:
    check = replace(entry("health"), critical=False, quarantine=IN_QUARANTINE)
    with site(BROKEN) as running:
        report = ask_all(running.url, check, replace(entry("health", path="/x", status=404), name="fine"))

    assert report.verdict is Verdict.PASS
    assert report.outcomes[0].verdict is Verdict.FAIL
    assert "ada: the vendor is down" in report.outcomes[0].quarantine


def test_a_quarantine_is_over_after_its_last_day_and_never_covers_a_critical_check() -> None:
    settings = SmokeSettings(check=(replace(entry("health"), critical=False, quarantine=IN_QUARANTINE),))
    [before] = checks_from(settings, {}, IN_QUARANTINE.until)
    [after] = checks_from(settings, {}, IN_QUARANTINE.until + timedelta(days=1))

    assert before.quarantine
    assert not after.quarantine
    with pytest.raises(Misconfigured, match="critical check cannot be in quarantine"):
        checks_from(SmokeSettings(check=(replace(settings.check[0], critical=True),)), {}, date(2026, 1, 1))


def test_in_shadow_everything_is_recorded_and_nothing_counts() -> None:
    with site(BROKEN) as running:
        report = ask_all(running.url, entry("health"), shadow=True)

    assert (report.verdict, report.verdict_with_shadow) == (Verdict.PASS, Verdict.FAIL)


def test_after_the_first_critical_failure_nothing_more_is_asked_when_that_was_wanted() -> None:
    later = replace(entry("status", paths={"/later": 200}), name="later")
    with site(BROKEN, Canned("/later")) as running:
        report = ask_all(running.url, entry("latency"), later, conduct=Conduct(stop_at_first_critical=True, at_once=1))

    assert [outcome.verdict for outcome in report.outcomes] == [Verdict.FAIL, Verdict.INCONCLUSIVE]
    assert "not asked: latency has failed already" in report.outcomes[1].message
    assert "GET /later" not in running.asked


def test_the_paths_to_warm_up_are_asked_first_and_not_judged() -> None:
    with site(FAILED_ONCE, FINE) as running:
        report = ask_all(running.url, entry("health"), conduct=Conduct(warm_up=("/api/health",)))

    assert (report.verdict, report.outcomes[0].attempts) == (Verdict.PASS, 1)


def test_neighbours_that_do_not_disturb_one_another_are_asked_at_once_and_reported_in_order() -> None:
    names = [f"page {number}" for number in range(4)]
    entries = [replace(entry("health", path=f"/{name[-1]}"), name=name) for name in names]
    with site(Canned(None, seconds=0.5)) as running:
        began = time.monotonic()
        report = ask_all(running.url, *entries)
        at_once = time.monotonic() - began

    assert [outcome.name for outcome in report.outcomes] == names
    assert report.verdict is Verdict.PASS
    assert at_once < 0.5 * len(names)


@pytest.mark.parametrize(
    ("failures", "asked", "wanted", "verdict"),
    [
        (5, 100, 0.99, Verdict.FAIL),  # one in twenty
        (0, 100, 0.99, Verdict.INCONCLUSIVE),  # not enough to promise 99 of 100
        (0, 400, 0.99, Verdict.PASS),
        (1, 400, 0.999, Verdict.INCONCLUSIVE),
        (1, 20, None, Verdict.FLAKY),
        (20, 20, None, Verdict.FAIL),
    ],
)
def test_a_success_rate_is_judged_only_where_its_bounds_leave_no_doubt(
    failures: int, asked: int, wanted: float | None, verdict: Verdict
) -> None:
    outcomes = [Outcome("login", Verdict.FAIL if n < failures else Verdict.PASS, "seen") for n in range(asked)]

    seen = counted(outcomes, wanted)

    assert seen.verdict is verdict, seen.message
    assert seen.repeated is not None
    assert (seen.repeated.passed, seen.attempts) == (asked - failures, asked)


def test_a_repeated_check_is_asked_so_many_times_and_no_failure_is_asked_again() -> None:
    with site(replace(BROKEN, times=2), FINE) as running:
        [outcome] = ask_all(running.url, entry("health"), conduct=Conduct(repeat=10)).outcomes

    assert len(running.asked) == 10
    assert outcome.verdict is Verdict.FLAKY
    assert "8 of 10 passed: a success rate from 44.39 % to 97.48 %" in outcome.message


def test_a_file_that_both_tries_have_left_is_named_once() -> None:
    picture = Artifact("screenshot", Path("page.png"), "0" * 64)
    failed = Outcome("page", Verdict.FAIL, "seen", artifacts=(picture,))

    assert judged(failed, failed).artifacts == (picture,)
    assert counted([failed] * 3, None).artifacts == (picture,)


@given(st.lists(st.tuples(st.sampled_from(Verdict), st.booleans(), st.booleans())))
def test_the_verdict_of_a_run_is_the_gravest_that_counts(seen: list[tuple[Verdict, bool, bool]]) -> None:
    outcomes = [Outcome("x", verdict, "", critical, shadow=shadow) for verdict, critical, shadow in seen]

    verdict = overall(outcomes)

    decisive = [outcome.verdict for outcome in outcomes if outcome.is_decisive]
    assert (verdict.rank >= Verdict.FAIL.rank) == bool(decisive)
    assert not decisive or verdict is max(decisive, key=lambda one: one.rank)


@dataclass(frozen=True, slots=True)
class Forgetful:
    """A check that does not look at its deadline."""

    idempotent: ClassVar[bool] = True
    beside_others: ClassVar[bool] = False

    def ask(self, asking: Asking) -> Answer:
        time.sleep(300)
        return Answer(Verdict.PASS, "slept well")


@dataclass(frozen=True, slots=True)
class Busy(Forgetful):
    beside_others: ClassVar[bool] = True

    def ask(self, asking: Asking) -> Answer:
        while True:
            time.sleep(0.01)


def test_a_check_that_hangs_ends_in_a_verdict_and_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {**checks.kinds(), "forgetful": Forgetful, "busy": Busy}
    monkeypatch.setattr(checks, "kinds", lambda: kinds)
    entries = [replace(entry("busy", timeout_seconds=0.1), name=name) for name in ("one", "two")]
    threads = set(threading.enumerate())
    with site(FINE) as running:
        began = time.monotonic()
        report = ask_all(
            running.url,
            entry("forgetful", timeout_seconds=0.1),
            *entries,
            entry("health"),
            conduct=Conduct(grace_seconds=0.1),
        )
        taken = time.monotonic() - began

    told = [(outcome.verdict, "interrupted after 0.2 s" in outcome.message) for outcome in report.outcomes]
    assert told == [(Verdict.INCONCLUSIVE, True)] * 3 + [(Verdict.PASS, False)]
    assert taken < 10
    for thread in set(threading.enumerate()) - threads:
        thread.join(5)
    assert set(threading.enumerate()) <= threads


def test_an_alarm_that_somebody_else_has_set_still_rings() -> None:
    import signal

    if not hasattr(signal, "setitimer"):
        pytest.skip("no such alarms here")
    before = signal.getitimer(signal.ITIMER_REAL)[0]
    with pytest.raises(Overran), interrupted_after(0.01):
        time.sleep(30)

    assert bool(before) == bool(signal.getitimer(signal.ITIMER_REAL)[0])


def test_what_a_check_says_has_its_marks_in_the_report(tmp_path: Any) -> None:
    import json

    from jsonschema import validate

    from smoke.report import as_json, line, summary
    from tests.pages import ROOT

    quarantined = replace(entry("health"), name="old", critical=False, quarantine=IN_QUARANTINE)
    trial = replace(entry("health"), name="new", shadow=True)
    with site(BROKEN) as running:
        report = ask_all(running.url, quarantined, trial, conduct=Conduct(repeat=2))

    validate(as_json(report), json.loads((ROOT / "tests/schemas/smoke.schema.json").read_text()))
    assert "old (not critical; in quarantine until" in line(report.outcomes[0])
    assert "new (in shadow)" in line(report.outcomes[1])
    assert summary(report).endswith("; fail if those in shadow counted")
