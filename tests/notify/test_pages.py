"""Every channel's page is run: what it shows is what is planned. Nothing is sent."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from gatekeeper.config.settings import NotifySettings
from gatekeeper.model.action import Action, Command
from gatekeeper.model.message import Event, Message
from gatekeeper.notify import channel, kinds
from smoke.errors import Misconfigured
from tests.pages import Section, examples

EXAMPLES = examples("gatekeeper/notify")
SECRET = "R0123456789abcdef0123456789abcde"
REASONS = {
    Event.WAITS: "gate: waits for the approval of 1 × release-manager",
    Event.RELEASED: "v2 serves and works",
    Event.ROLLING_BACK: "smoke: login: HTTP 500. v1 is being put live again.",
    Event.ROLLED_BACK: "rolled back to v1 and verified",
}


def message(event: Event) -> Message:
    title = f"clinic@production v1 → v2: {event.value}"
    return Message(
        event, "20260302-ab12", "clinic", "production", "v2", "0a1b2c3", title, REASONS[event]
    )  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_what_is_told_is_what_the_page_shows(example: Section, monkeypatch: pytest.MonkeyPatch) -> None:
    text = example.text("toml", "config") or ""
    for name in re.findall(r"env:(\w+)", text):
        monkeypatch.setenv(name, SECRET)
    [entry] = NotifySettings(**tomllib.loads(text)["notify"]).channel
    now, _, before = (example.text("text", "event") or "").strip().partition(", after ")
    found = channel(entry.use, entry.options, dict.fromkeys(re.findall(r"env:(\w+)", text), SECRET))

    talk = found.options.tell(message(Event(now)), frozenset({Event(before)} if before else ()))
    planned = list(answered(talk))

    assert found.secrets == (SECRET,)
    assert planned == list(shown(example))


def answered(talk: object) -> Iterator[object]:
    """The plan, talked through: a list is empty, and what is made gets the number 42."""
    heard: str | None = None
    while True:
        try:
            action: Action = next(talk) if heard is None else talk.send(heard)  # type: ignore[call-overload, attr-defined]
        except StopIteration:
            return
        yield line(action)
        heard = "[]" if getattr(action, "method", "") == "GET" else '{"id": 42}'


def line(action: Action) -> object:
    """Secrets as a page writes them; and none of them outside what is marked as secret, or a body sent by TLS."""
    if isinstance(action, Command):
        assert SECRET not in " ".join(action.arguments)
        assert SECRET in {action.environment[name] for name in action.secret}
        return ["apprise", *action.arguments[action.arguments.index("--title") :]]
    assert SECRET not in action.url
    body = json.loads(action.body.replace(SECRET, "***")) if action.body else None
    return f"{action.method} {action.url}", body


def shown(example: Section) -> Iterator[object]:
    if (command := example.text("sh", "tell")) is not None:
        yield shlex.split(command)
        return
    parts = re.split(r"^(?=(?:GET|POST) )", example.text("http", "tell") or "", flags=re.MULTILINE)
    for part in parts[1:]:
        head, _, body = part.partition("\n")
        yield head.strip(), json.loads(body) if body.strip() else None


def test_every_channel_has_a_page() -> None:
    assert {example.name for example in EXAMPLES} == set(kinds())


@pytest.mark.parametrize(
    ("use", "options", "key"),
    [
        ("pagerduty", {"routing_key": "short"}, "routing_key"),
        ("pagerduty", {}, "routing_key"),
        ("github", {"repository": "clinic", "token": "t"}, "repository"),
        ("apprise", {"urls": "env:NOT_SET_ANYWHERE"}, "urls"),
        ("apprise", {"url": "json://x"}, "url"),
    ],
)
def test_a_wrong_option_is_named(use: str, options: dict[str, object], key: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        channel(use, options, {})

    assert raised.value.key == key


def test_a_resolve_is_sent_only_for_what_was_opened() -> None:
    pager = channel("pagerduty", {"routing_key": SECRET}, {}).options

    assert list(answered(pager.tell(message(Event.ROLLED_BACK), frozenset({Event.STARTED})))) == []
    assert len(list(answered(pager.tell(message(Event.ROLLED_BACK), frozenset({Event.HELD}))))) == 1


def test_a_release_without_a_commit_is_not_shown_on_github() -> None:
    github = channel("github", {"repository": "clinic/web", "token": SECRET}, {}).options

    assert list(answered(github.tell(replace(message(Event.RELEASED), commit=""), frozenset()))) == []


def test_no_channel_sends_more_than_the_service_takes() -> None:
    long = Message(Event.HELD, "r" * 300, "clinic", "production", "v2", "0a1b2c3", "t" * 2000, "b" * 2000)
    pager = channel("pagerduty", {"routing_key": SECRET}, {}).options
    github = channel("github", {"repository": "clinic/web", "token": SECRET}, {}).options

    [(_, event)] = answered(pager.tell(long, frozenset()))  # type: ignore[misc]
    [_, (_, deployment), (_, status)] = answered(github.tell(long, frozenset()))  # type: ignore[misc]

    assert len(event["payload"]["summary"]) == 1024  # type: ignore[has-type]
    assert len(event["dedup_key"]) == 255  # type: ignore[has-type]
    assert len(deployment["description"]) == len(status["description"]) == 140  # type: ignore[has-type]
