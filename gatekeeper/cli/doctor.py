"""`gatekeeper doctor`: what is missing or misconfigured, and how to mend it."""

import json
from typing import TYPE_CHECKING

import click

from gatekeeper.cli.shared import Invocation, command

if TYPE_CHECKING:
    from gatekeeper.doctor.examined import Examined

_MARKS = {"well": ("✓", "green"), "unused": ("–", "dim"), "advice": ("!", "yellow"), "wrong": ("✗", "red")}


@command()
def doctor(invocation: Invocation) -> int:
    """Look at migrations, databases, site, browser, provider, gate and store, and say what to mend.

    Asks, and changes nothing. Exits 1 when something is wrong, 0 when there is at most advice.
    """
    from gatekeeper.doctor.examine import examine
    from gatekeeper.doctor.examined import Condition

    found = []
    with invocation.err.status("examining …"):
        for one in examine(invocation.settings):
            found.append(one)
            if not invocation.wants_json:
                _show(invocation, one)
    if invocation.wants_json:
        click.echo(json.dumps({"version": 1, "checks": [_as_json(one) for one in found]}, indent=2, ensure_ascii=False))
    return 1 if any(one.condition is Condition.WRONG for one in found) else 0


def _show(invocation: Invocation, one: "Examined") -> None:
    mark, style = _MARKS[one.condition.value]
    invocation.out.print(f"{mark} {one.subject}: {one.seen}", style=style, markup=False)
    if one.remedy:
        invocation.out.print(f"    {one.remedy}", markup=False)


def _as_json(one: "Examined") -> dict[str, str]:
    return {"name": one.subject, "state": one.condition.value, "seen": one.seen, "next_step": one.remedy}
