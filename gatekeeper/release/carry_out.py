"""Carries out what a provider has planned: commands as processes, calls by HTTP; in order, up to the first failure."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import httpx

from gatekeeper.json_pointer import value_at
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
    """One request; one that waits for an answer is repeated until it comes, or something is wrong, or it is late."""
    end = time.monotonic() + call.timeout.total_seconds()
    carried = _once(call, call.timeout)
    if call.until is None:
        return carried
    while carried.problem is None and carried.output != call.until:
        left = end - time.monotonic() - call.pause.total_seconds()
        if left <= 0:
            late = f"after {call.timeout.total_seconds():g} s it is {carried.output!r}, not {call.until!r}"
            return Carried(call.purpose, carried.output, late)
        time.sleep(call.pause.total_seconds())
        carried = _once(call, timedelta(seconds=left))
    return carried


def _once(call: HttpCall, patience: timedelta) -> Carried:
    secrets = tuple(value for name, value in call.headers.items() if name in call.secret)
    where = f"{call.method} {scrub(call.url, secrets)}"
    try:
        answer = httpx.request(
            call.method, call.url, headers=dict(call.headers), content=call.body, timeout=_seconds(patience)
        )
    except httpx.HTTPError as error:
        return Carried(call.purpose, "", f"{where} got no answer: {error}")
    output = scrub(answer.text, secrets)
    if not answer.is_success:
        return Carried(call.purpose, output, f"{where} answered {answer.status_code}: {_end_of(output)}")
    if not call.answer:
        return Carried(call.purpose, output)
    try:
        return Carried(call.purpose, scrub(str(value_at(answer.json(), call.answer)), secrets))
    except (LookupError, ValueError, TypeError):
        return Carried(call.purpose, output, f"{where} answered without {call.answer}: {_end_of(output)}")


def _end_of(output: str) -> str:
    text = " ".join(output.split())
    return text if len(text) <= _SHOWN_CHARACTERS else f"… {text[-_SHOWN_CHARACTERS:]}"


def _seconds(span: timedelta) -> float:
    return span.total_seconds()
