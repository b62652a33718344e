"""Things to run, as data: a provider plans them, `gatekeeper.process` and httpx carry them out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Command:
    """A program and its arguments; never a shell line.

    `environment` is added to ours; the names in `secret` are those of its entries whose values must not show.
    A `background` command goes on after we are gone: it is started in a session of its own, its output goes to
    `log`, and its pid is the result. `user` is an account with few rights that root lends to a program that refuses
    to run as root; nobody else can name one.
    """

    arguments: tuple[str, ...]
    purpose: str
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: frozenset[str] = frozenset()
    directory: Path | None = None
    timeout: timedelta = timedelta(minutes=5)
    background: bool = False
    log: Path | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class HttpCall:
    """One HTTP request; the headers named in `secret` must not show.

    `answer` is a JSON Pointer to what of the answer counts as the output; the whole text where it is empty. With
    `until`, the request is repeated every `pause` until that is the output, or the time is over.
    """

    method: str
    url: str
    purpose: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: frozenset[str] = frozenset()
    body: str | None = None
    timeout: timedelta = timedelta(seconds=30)
    answer: str = ""
    until: str | None = None
    pause: timedelta = timedelta(seconds=2)


Action = Command | HttpCall
