"""Letters are written once, delivered by whoever comes, and stay where nobody takes them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatekeeper.config.settings import ChannelSettings, NotifySettings, Settings
from gatekeeper.model.message import Event
from gatekeeper.model.release import Release, Step
from gatekeeper.notify import UnknownChannel
from gatekeeper.release.desk import now
from gatekeeper.release.postman import Postman, check_channels, deliver, letters_about
from gatekeeper.store.open import Store, open_store
from smoke.errors import Misconfigured
from tests.notify.services import ROUTING_KEY, TOKEN, Services, services

RELEASE = Release(
    "20260302-ab12", "clinic", "production", "v2", "v1", "0a1b2c3", "ada", datetime(2026, 3, 2, tzinfo=UTC)
)  # fmt: skip


class Heard:
    def __init__(self) -> None:
        self.remarked: list[str] = []

    def begins(self, name: str) -> None:
        """Not of interest."""

    def remarks(self, name: str, text: str) -> None:
        self.remarked.append(text)

    def ends(self, step: Step) -> None:
        """Not of interest."""


@pytest.fixture
def online() -> Iterator[Services]:
    with services() as running:
        yield running


@pytest.fixture
def settings(online: Services, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PAGER_KEY", ROUTING_KEY)
    monkeypatch.setenv("PLACES", online.url.replace("http://", "json://") + "/releases")
    monkeypatch.setenv("GH_TOKEN", TOKEN)
    channels = (
        ChannelSettings(use="pagerduty", options={"routing_key": "env:PAGER_KEY", "api": online.url}),
        ChannelSettings(use="github", options={"repository": "clinic/web", "token": "env:GH_TOKEN", "api": online.url}),
        ChannelSettings(use="apprise", options={"urls": "env:PLACES"}),
    )
    return Settings(notify=NotifySettings(channel=channels))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/store.sqlite", tmp_path / "artifacts") as opened:
        opened.releases.add(RELEASE)
        yield opened


def test_a_rollback_opens_one_incident_and_its_end_closes_it(
    settings: Settings, store: Store, online: Services
) -> None:
    postman = Postman(settings, store, Heard())
    postman.tell(RELEASE, Event.ROLLING_BACK, "smoke: login: HTTP 500")
    postman.tell(RELEASE, Event.ROLLING_BACK, "smoke: login: HTTP 500")
    postman.close()
    opened = online.open_incidents
    postman.tell(RELEASE, Event.ROLLED_BACK, "rolled back to v1 and verified")
    postman.close()

    assert opened == {"gatekeeper/clinic@production/20260302-ab12"}
    assert [event["event_action"] for event in online.events] == ["trigger", "resolve"]
    assert [status["state"] for _, status in online.statuses] == ["in_progress", "failure"]
    assert len(online.deployments) == 1
    assert [(sent["title"], sent["type"]) for sent in online.posted] == [
        ("clinic@production v1 → v2: rolling back", "failure"),
        ("clinic@production v1 → v2: rolled back", "warning"),
    ]
    assert online.refused == []
    assert store.outbox.claim(now() + timedelta(days=1)) is None


def test_what_nobody_takes_stays_and_is_delivered_later(settings: Settings, store: Store, online: Services) -> None:
    only_pager = Settings(notify=NotifySettings(channel=settings.notify.channel[:1]))
    heard, online.silent = Heard(), True
    store.outbox.put(letters_about(only_pager, RELEASE, Event.HELD, "bake: too few samples"), now())
    deliver(only_pager, store, heard)

    assert any("could not tell pagerduty" in text and "503" in text for text in heard.remarked)

    online.silent = False
    deliver(only_pager, store, heard)
    assert online.events == []  # it is still in the hands of whoever tried last
    left = store.outbox.claim(now() + timedelta(minutes=4))
    assert left is not None
    assert left.channel == "pagerduty"


def test_no_secret_and_no_person_is_told_or_kept(settings: Settings, store: Store, online: Services) -> None:
    reason = f"smoke: login: {ROUTING_KEY} for ada@example.com, SSN 123-45-6789"
    postman = Postman(settings, store, Heard())
    postman.tell(RELEASE, Event.HELD, reason)
    postman.close()

    kept = json.dumps([online.posted, online.statuses, [event["payload"] for event in online.events]])
    for part in (ROUTING_KEY, "ada@example.com", "123-45-6789"):
        assert part not in kept
    assert len(online.events) == 1


def test_a_refusal_does_not_repeat_the_key(settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = "W0123456789abcdef0123456789abcde"
    monkeypatch.setenv("PAGER_KEY", wrong)
    only_pager, heard = Settings(notify=NotifySettings(channel=settings.notify.channel[:1])), Heard()
    store.outbox.put(letters_about(only_pager, RELEASE, Event.HELD, "bake: too few samples"), now())

    deliver(only_pager, store, heard)

    assert any("answered 400" in text for text in heard.remarked)
    assert wrong not in str(heard.remarked)


def test_a_channel_tells_only_what_was_chosen(online: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACES", "json://127.0.0.1")
    chosen = ChannelSettings(use="apprise", events=(Event.RELEASED,), options={"urls": "env:PLACES"})
    settings = Settings(notify=NotifySettings(channel=(chosen,)))

    assert len(letters_about(settings, RELEASE, Event.RELEASED, "works")) == 1
    assert letters_about(settings, RELEASE, Event.HELD, "no") == ()


def test_a_wrong_channel_is_named_before_anything_happens() -> None:
    for use, options, raised in (("pager", {}, UnknownChannel), ("pagerduty", {}, Misconfigured)):
        settings = Settings(notify=NotifySettings(channel=(ChannelSettings(use=use, options=options),)))
        with pytest.raises(raised, match=use):
            check_channels(settings)


def test_a_channel_that_cannot_be_used_any_more_keeps_nobody_from_going_back(
    settings: Settings, store: Store, online: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PAGER_KEY")
    heard = Heard()

    postman = Postman(settings, store, heard)
    postman.tell(RELEASE, Event.ROLLING_BACK, "smoke: login: HTTP 500")
    postman.close()

    assert [sent["type"] for sent in online.posted] == ["failure"]  # the others are told
    assert any("could not tell pagerduty" in text and "PAGER_KEY is not set" in text for text in heard.remarked)
    left = store.outbox.claim(now() + timedelta(minutes=4))
    assert left is not None
    assert left.channel == "pagerduty"
