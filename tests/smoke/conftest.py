"""Checks asked of a real site, as the command asks them."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from smoke.model import Outcome, SmokeReport, Target
from smoke.run import Conduct, checks_from, run
from smoke.settings import CheckSettings, SmokeSettings
from tests.smoke.stand import Stand, stand


def entry(use: str, /, *, timeout_seconds: float = 15.0, **options: Any) -> CheckSettings:
    return CheckSettings(use=use, critical=True, timeout_seconds=timeout_seconds, options=options)


def ask_all(
    url: str,
    *entries: CheckSettings,
    artifacts: Path = Path("unused"),
    environment: Mapping[str, str] | None = None,
    seconds: float = 60.0,
    control_url: str | None = None,
    conduct: Conduct | None = None,
    shadow: bool = False,
) -> SmokeReport:
    checks = checks_from(SmokeSettings(check=entries, shadow=shadow), environment or {})
    target = Target(url, artifacts, control_url=control_url)
    return run(checks, target, time.monotonic() + seconds, conduct=conduct or Conduct())


def ask_one(url: str, use: str, /, **options: Any) -> Outcome:
    [outcome] = ask_all(url, entry(use, **options)).outcomes
    return outcome


@pytest.fixture
def nobody_listens() -> str:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """One clinic for all checks; what a test switches on it switches off again."""
    with stand(tmp_path_factory.mktemp("stand")) as running:
        yield running
