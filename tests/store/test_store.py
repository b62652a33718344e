"""What goes into the store comes out of it again, from SQLite and from PostgreSQL alike."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from gatekeeper.model.gate import Approval, Decision
from gatekeeper.model.lease import LeaseRow
from gatekeeper.model.message import Event, Message
from gatekeeper.model.release import (
    Outcome,
    Phase,
    PlannedMigration,
    PlannedUndo,
    Release,
    Step,
    StepState,
)
from gatekeeper.store.connect import StoreMisconfigured, StoreUnreachable
from gatekeeper.store.evidence import tampered
from gatekeeper.store.open import Store, open_store
from gatekeeper.store.outbox import Letter, letters
from gatekeeper.store.steps import LeaseLost

NOW = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
RELEASE = Release(
    id="20260302-ab12",
    service="clinic",
    environment="production",
    version="v2",
    previous="v1",
    commit="abc",
    starter="ada",
    started=NOW,
    migrations=(PlannedMigration("0007", "migrations/0007.sql", "f", "s"),),
)
LEASE = LeaseRow("clinic@production", 1, RELEASE.id, "here:1", NOW)
STEP = Step("lint", StepState.RUNNING, NOW)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/folder/store.sqlite"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[Store]:
    with open_store(url, tmp_path / "artifacts") as opened:
        yield opened


@pytest.fixture
def busy(store: Store) -> Store:
    store.releases.add(RELEASE)
    assert store.leases.take(None, LEASE)
    return store


def test_a_release_comes_back_as_it_was(store: Store) -> None:
    store.releases.add(RELEASE)

    assert store.releases.find(RELEASE.id) == RELEASE
    assert store.releases.unfinished() == (RELEASE,)


def test_an_ended_release_comes_back_with_its_end(store: Store) -> None:
    store.releases.add(RELEASE)
    ended = replace(
        RELEASE,
        phase=Phase.CLOSED,
        outcome=Outcome.ROLLED_BACK,
        undo=PlannedUndo(4, "leave the schema"),
        ended=NOW + timedelta(minutes=2),
        digest="d",
        summary="…",
    )
    store.releases.save(ended)

    assert store.releases.newest() == (ended,)
    assert store.releases.unfinished() == ()


def test_a_release_is_found_by_the_beginning_of_its_id_unless_two_share_it(store: Store) -> None:
    store.releases.add(RELEASE)
    store.releases.add(replace(RELEASE, id="20260302-cd34", previous=None))

    assert store.releases.find("20260302-a") == RELEASE
    assert store.releases.find("20260302") is None
    assert store.releases.find("") is None
    assert store.releases.find("%") is None


def test_times_come_back_in_utc_from_whatever_zone_they_went_in(store: Store) -> None:
    store.releases.add(replace(RELEASE, started=NOW.astimezone(timezone(timedelta(hours=9)))))

    found = store.releases.find(RELEASE.id)
    assert found is not None
    assert found.started.isoformat() == NOW.isoformat()


def test_a_step_is_written_as_intent_and_then_as_result(busy: Store) -> None:
    done = replace(STEP, state=StepState.DONE, seconds=1.5, evidence=("sha256:x",), result={"ok": [1]})
    busy.steps.write(RELEASE.id, STEP, place=LEASE.place, epoch=1)
    busy.steps.write(RELEASE.id, replace(STEP, name="gate"), place=LEASE.place, epoch=1)
    busy.steps.write(RELEASE.id, done, place=LEASE.place, epoch=1)

    assert busy.steps.of(RELEASE.id) == (done, replace(STEP, name="gate"))


def test_a_process_that_lost_its_lease_writes_nothing_any_more(busy: Store) -> None:
    assert busy.leases.take(LEASE, replace(LEASE, epoch=2, holder="there:2"))

    with pytest.raises(LeaseLost, match="there:2"):
        busy.steps.write(RELEASE.id, STEP, place=LEASE.place, epoch=1)
    assert busy.steps.of(RELEASE.id) == ()
    assert not busy.leases.renew(LEASE.place, 1, NOW)


def test_of_many_who_want_a_lease_one_gets_it(store: Store) -> None:
    wanted = [replace(LEASE, holder=f"here:{n}") for n in range(6)]

    with ThreadPoolExecutor(6) as pool:
        first = list(pool.map(lambda lease: store.leases.take(None, lease), wanted))
        seen = store.leases.read(LEASE.place)
        second = list(pool.map(lambda lease: store.leases.take(seen, replace(lease, epoch=2)), wanted))

    assert (first.count(True), second.count(True)) == (1, 1)


def test_a_lease_given_back_keeps_its_epoch(busy: Store) -> None:
    busy.leases.give_back(LEASE.place, 1)

    assert busy.leases.read(LEASE.place) == replace(LEASE, holder="")


def test_approvals_come_back_in_the_order_in_which_they_were_given(busy: Store) -> None:
    said = [
        Approval("production", decision, "ada", "release-manager", "d1", NOW, "because")
        for decision in (Decision.REJECT, Decision.APPROVE, Decision.WITHDRAW)
    ]
    for approval in said:
        busy.approvals.add(RELEASE.id, approval)

    assert list(busy.approvals.of(RELEASE.id)) == said


def test_evidence_is_a_file_named_by_its_digest_and_a_changed_file_is_noticed(busy: Store) -> None:
    piece = busy.evidence.keep(RELEASE.id, "smoke previous", '{"é": 1}', verdict="pass", summary="good", made=NOW)

    assert busy.evidence.of(RELEASE.id) == (piece,)
    assert tampered([piece]) == ()
    piece.path.write_text("{}")
    assert tampered([piece]) == (piece,)
    piece.path.unlink()
    assert tampered([piece]) == (piece,)


def test_the_last_piece_of_a_kind_counts(busy: Store) -> None:
    for verdict in ("fail", "pass"):
        busy.evidence.keep(RELEASE.id, "lint", verdict, verdict=verdict, summary="", made=NOW)

    assert [piece.verdict for piece in busy.evidence.of(RELEASE.id)] == ["pass"]


def test_the_whole_record_is_read_by_a_short_id(busy: Store) -> None:
    busy.steps.write(RELEASE.id, STEP, place=LEASE.place, epoch=1)

    record = busy.record("20260302-ab")

    assert record is not None
    assert (record.release, record.steps) == (RELEASE, (STEP,))
    assert record.step("deploy") is None
    assert busy.record("nothing") is None


def test_two_processes_may_open_a_new_store_at_once(url: str, tmp_path: Path) -> None:
    def open_and_write(number: int) -> None:
        with open_store(url, tmp_path) as store:
            store.releases.add(replace(RELEASE, id=f"r{number}"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(open_and_write, range(4)))

    with open_store(url, tmp_path) as store:
        assert len(store.releases.newest()) == 4


def test_a_store_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachable) as caught, open_store("postgresql://me:hunter2@127.0.0.1:1/x", tmp_path):
        pass

    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1:1/x" in str(caught.value)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("text", ["nonsense", "mysql://x/y"])
def test_a_url_that_the_store_cannot_speak_to_is_a_mistake_in_the_settings(text: str, tmp_path: Path) -> None:
    with pytest.raises(StoreMisconfigured) as caught, open_store(text, tmp_path):
        pass

    assert caught.value.exit_code == 2


def letter_for(*channels: str) -> tuple[Letter, ...]:
    message = Message(Event.HELD, RELEASE.id, "clinic", "production", "v2", "abc", "v2: held", "too few samples")
    return letters(message, channels)


def test_a_letter_is_put_in_once_and_claimed_by_one(store: Store) -> None:
    store.releases.add(RELEASE)
    both = letter_for("pagerduty", "slack")
    store.outbox.put(both, NOW)
    store.releases.end(replace(RELEASE, outcome=Outcome.HELD), "gatekeeper", NOW, both)

    with ThreadPoolExecutor(4) as pool:
        claimed = [letter for letter in pool.map(lambda _: store.outbox.claim(NOW), range(4)) if letter]

    assert sorted(letter.channel for letter in claimed) == ["pagerduty", "slack"]
    store.outbox.sent(claimed[0], NOW)
    assert store.outbox.claim(NOW + timedelta(minutes=5)) == claimed[1]
    assert store.outbox.claim(NOW + timedelta(minutes=5)) is None


def test_a_letter_knows_what_its_channel_was_told_before(store: Store) -> None:
    store.releases.add(RELEASE)
    (held,) = letter_for("pagerduty")
    store.outbox.put([held], NOW)
    store.outbox.put(letters(replace(held.message, event=Event.RELEASED), ["pagerduty"]), NOW + timedelta(seconds=1))

    told = [letter.told for _ in range(2) if (letter := store.outbox.claim(NOW + timedelta(seconds=2)))]

    assert told == [frozenset(), frozenset({Event.HELD})]


def test_a_letter_that_never_arrives_is_given_up(store: Store) -> None:
    store.releases.add(RELEASE)
    store.outbox.put(letter_for("slack"), NOW)

    tried = [store.outbox.claim(NOW + timedelta(minutes=5 * attempt)) for attempt in range(20)]

    assert len([letter for letter in tried if letter]) == 12
