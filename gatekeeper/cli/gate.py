"""`gatekeeper gate`: a release manager's gate."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekeeper.cli.shared import Invocation, command

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from gatekeeper.model.gate import Approval


@click.group()
def gate() -> None:
    """Look at what waits for approval, approve it, or reject it."""


@gate.add_command
@command("list")
def list_(invocation: Invocation) -> None:
    """List the releases that wait for people."""
    from gatekeeper.release import at_gate, records
    from gatekeeper.report.status import as_json
    from gatekeeper.report.timeline import headline

    with records.the_store(invocation.settings) as store:
        known = [records.record_of(store, one.id) for one in store.releases.unfinished()]
        waiting = [(one, at_gate.waits_for(invocation.settings, store, one)) for one in known]
    if invocation.wants_json:
        click.echo(json.dumps([as_json(one, gates) for one, gates in waiting if gates], indent=2))
        return
    for one, gates in waiting:
        for missing in gates:
            people = ", ".join(f"{count} × {role}" for role, count in sorted(missing.missing.items()))
            invocation.out.print(f"{one.release.id}  {headline(one)}; missing: {people}", markup=False)
    if not any(gates for _, gates in waiting):
        invocation.out.print("nothing waits")


@gate.add_command
@command()
@click.argument("release_id", metavar="ID")
def show(invocation: Invocation, release_id: str) -> None:
    """Show what an approval would be given for: the plan, the way back, the evidence and the digest."""
    from gatekeeper.release import records
    from gatekeeper.release.sign import paper_of
    from gatekeeper.report.gate import as_json, render

    with records.the_store(invocation.settings) as store:
        paper = paper_of(invocation.settings, store, records.record_of(store, release_id))
    if invocation.wants_json:
        click.echo(json.dumps(as_json(paper), indent=2))
    else:
        invocation.out.print(render(paper))


_signs = click.option(
    "--key", type=click.Path(path_type=Path), metavar="FILE", help="Sign it with this key (`gatekeeper gate key`)."
)


def _key(file: Path | None) -> "Ed25519PrivateKey | None":
    from gatekeeper.audit.keys import UnusableKey, signing_key

    if file is not None and not file.is_file():
        raise UnusableKey(f"there is no key {file}", next_step=f"Make one with `gatekeeper gate key {file}`.")
    return signing_key(file) if file is not None else None


@gate.add_command
@command("key")
@click.argument("file", type=click.Path(path_type=Path))
def key_(invocation: Invocation, file: Path) -> None:
    """Show the public half of your signing key in FILE, which is made where it is not there.

    The line belongs to your name under `keys` of [gate]; the file stays with you.
    """
    from gatekeeper.audit.dsse import public_line
    from gatekeeper.audit.keys import signing_key

    line = public_line(signing_key(file).public_key())
    click.echo(json.dumps({"version": 1, "key": line}) if invocation.wants_json else line)


def _decides(name: str, summary: str, *, needs_reason: bool = False) -> click.Command:
    """One command of the three that write into the book of the gate."""

    @command(name, help=summary)
    @click.argument("release_id", metavar="ID")
    @click.option("--as", "who", help="Who you are, where git does not know it [git's user.email].")
    @click.option("--role", help="The role in which you speak.")
    @click.option("--reason", default="", required=needs_reason, help="Why, for those who read it later.")
    @_signs
    def decide(
        invocation: Invocation, release_id: str, who: str | None, role: str | None, reason: str, key: Path | None
    ) -> None:
        from gatekeeper.model.gate import Decision
        from gatekeeper.release import records
        from gatekeeper.release.identity import who_am_i
        from gatekeeper.release.sign import Word, say

        word = Word(Decision(name), who or who_am_i(), role, reason, _key(key))
        with records.the_store(invocation.settings) as store:
            said = say(invocation.settings, store, records.record_of(store, release_id), word)
        _told(invocation, said)

    return decide


def _told(invocation: Invocation, said: "Approval") -> None:
    decision = said.decision.value
    if invocation.wants_json:
        answer = {"version": 1, "gate": said.gate, "who": said.who, "role": said.role, "decision": decision}
        click.echo(json.dumps(answer))
    else:
        invocation.out.print(f"{said.who} ({said.role}): {decision}, written down for digest {said.digest[:12]}")


@gate.add_command
@command("break-glass")
@click.argument("release_id", metavar="ID")
@click.option("--as", "who", help="Who you are, where git does not know it [git's user.email].")
@click.option("--ticket", required=True, help="The incident that asks for it.")
@click.option("--reason", required=True, help="Why it cannot wait, for those who review it.")
@_signs
def break_glass(
    invocation: Invocation, release_id: str, who: str | None, ticket: str, reason: str, key: Path | None
) -> None:
    """Let a release through alone, whoever is missing and whatever is frozen; holds for an hour, and pages.

    Nothing else is left out: no check, no proof, no lock timeout. The next release waits until somebody else has
    reviewed it with `gatekeeper gate review`.
    """
    from gatekeeper.model.gate import Decision
    from gatekeeper.release import records, sign
    from gatekeeper.release.identity import who_am_i

    word = sign.Word(Decision.BREAK_GLASS, who or who_am_i(), None, f"{ticket}: {reason}", _key(key))
    with records.the_store(invocation.settings) as store:
        said = sign.break_glass(invocation.settings, store, records.record_of(store, release_id), word)
    _told(invocation, said)
    if not invocation.wants_json:
        invocation.out.print(f"now run `gatekeeper release resume {release_id}`", markup=False)


@gate.add_command
@command()
@click.argument("release_id", metavar="ID")
@click.option("--as", "who", help="Who you are, where git does not know it [git's user.email].")
@click.option("--reason", required=True, help="What you found.")
@_signs
def review(invocation: Invocation, release_id: str, who: str | None, reason: str, key: Path | None) -> None:
    """Say that you have looked at a release that somebody else let through by break-glass."""
    from gatekeeper.model.gate import Decision
    from gatekeeper.release import records, sign
    from gatekeeper.release.identity import who_am_i

    word = sign.Word(Decision.REVIEW, who or who_am_i(), None, reason, _key(key))
    with records.the_store(invocation.settings) as store:
        said = sign.review(invocation.settings, store, records.record_of(store, release_id), word)
    _told(invocation, said)


for _name, _summary in (
    ("approve", "Approve exactly what `gate show` shows. Then `gatekeeper release resume` goes on."),
    ("reject", "Reject it. That holds for this state of the release, whoever approves it."),
    ("withdraw", "Take your approval back, as long as the release has not gone on."),
):
    gate.add_command(_decides(_name, _summary))
