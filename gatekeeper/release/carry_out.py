"""Carries out what a provider has planned: commands as processes, calls by HTTP; in order, up to the first failure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import httpx

from gatekeeper.model.action import Action, Command, HttpCall
from gatekeeper.process import run
from smoke.redact import scrub

_SHOWN_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of one action; `problem` is None where it went well."""

    purpose: str
    output: str
    problem: str | None = None


def carry_out(actions: Sequence[Action], remark: Callable[[str], None] = lambda text: None) -> tuple[Carried, ...]:
    """Do them one after the other; the last one is the one that failed, or the last planned."""
    carried: list[Carried] = []
    for action in actions:
        remark(action.purpose)
        carried.append(_command(action) if isinstance(action, Command) else _call(action))
        if carried[-1].problem:
            break
    return tuple(carried)


def problem_of(carried: Sequence[Carried]) -> str | None:
    """What went wrong, in one sentence; None where nothing did."""
    return next((f"{one.purpose}: {one.problem}" for one in carried if one.problem), None)


def _command(command: Command) -> Carried:
    finished = run(command)
    problem = None
    if finished.exit_code != 0:
        problem = f"{command.arguments[0]} ended with {finished.exit_code}: {_end_of(finished.told)}"
    return Carried(command.purpose, finished.output, problem)


def _call(call: HttpCall) -> Carried:
    secrets = tuple(value for name, value in call.headers.items() if name in call.secret)
    try:
        answer = httpx.request(
            call.method, call.url, headers=dict(call.headers), content=call.body, timeout=_seconds(call.timeout)
        )
    except httpx.HTTPError as error:
        return Carried(call.purpose, "", f"{call.method} {scrub(call.url, secrets)} got no answer: {error}")
    output = scrub(answer.text, secrets)
    if answer.is_success:
        return Carried(call.purpose, output)
    where = f"{call.method} {scrub(call.url, secrets)}"
    return Carried(call.purpose, output, f"{where} answered {answer.status_code}: {_end_of(output)}")


def _end_of(output: str) -> str:
    text = " ".join(output.split())
    return text if len(text) <= _SHOWN_CHARACTERS else f"… {text[-_SHOWN_CHARACTERS:]}"


def _seconds(span: timedelta) -> float:
    return span.total_seconds()
