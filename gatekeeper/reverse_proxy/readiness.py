"""Asks a version that was just started whether it is ready, and whether it is the one that was meant."""

import json
import time
from dataclasses import dataclass
from datetime import timedelta

import httpx

from gatekeeper.process import is_running
from gatekeeper.reverse_proxy.state import Instance

_PAUSE_SECONDS = 0.1
_LONGEST_ANSWER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Health:
    """Where to ask, and how long to go on asking."""

    path: str
    patience: timedelta


def problem_of(status: int, body: str, version: str) -> str | None:
    """What speaks against an answer; None for a healthy one that names the version, or names none."""
    if not 200 <= status < 300:
        return f"it answers {status}"
    try:
        told = json.loads(body)
    except ValueError:
        return None
    named = told.get("version") if isinstance(told, dict) else None
    return None if named in (None, version) else f"it says that it is version {named}"


def wait_until_ready(instance: Instance, health: Health) -> str | None:
    """Wait for a healthy answer; what was wrong at last where none came. Raises nothing."""
    end = time.monotonic() + health.patience.total_seconds()
    while is_running(instance.pid, birth=instance.birth):
        if (problem := _ask(instance, health.path)) is None:
            return None
        if time.monotonic() >= end:
            return f"after {health.patience.total_seconds():g} s {problem}"
        time.sleep(_PAUSE_SECONDS)
    return "its process ended"


def _ask(instance: Instance, path: str) -> str | None:
    address = f"http://127.0.0.1:{instance.port}{path}"
    try:
        answer = httpx.get(address, timeout=_LONGEST_ANSWER_SECONDS, trust_env=False)
    except httpx.HTTPError as error:
        return f"{address} gives no answer: {error or type(error).__name__}"
    problem = problem_of(answer.status_code, answer.text, instance.name)
    return f"{problem} at {address}" if problem else None
