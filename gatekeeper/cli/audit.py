"""`gatekeeper audit`: the log of every decision, and the proof that nobody rewrote it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekeeper.cli.shared import Invocation, command, write_answer

if TYPE_CHECKING:
    from gatekeeper.audit.verify import Checked


@click.group()
def audit() -> None:
    """The append-only log of who decided what, and when."""


@audit.add_command
@command()
@click.argument("export", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@click.option("--key", metavar="KEY", help="The verifier key that you were given, in place of the file's own.")
@click.option(
    "--head", "heads", multiple=True, type=click.Path(path_type=Path), metavar="HEAD",
    help="A head that you have kept elsewhere; without one, a log that was cut short looks whole. Can be repeated.",
)  # fmt: skip
def verify(invocation: Invocation, export: Path | None, key: str | None, heads: tuple[Path, ...]) -> int:
    """Check an exported log, offline, and name the first bad entry; without FILE, the log of the store.

    Exits 0 when it is whole, 1 when it is not, 2 for a file or key that cannot be read.
    """
    from gatekeeper.release.log import checked, exported, read_export

    value = exported(invocation.settings, with_details=True) if export is None else read_export(export)
    result = checked(value, key, heads)
    if invocation.wants_json:
        bad = {"entry": result.bad.entry, "problem": result.bad.problem} if result.bad else None
        answer = {"version": 1, "entries": result.entries, "signed": result.signed, "bad": bad}
        click.echo(json.dumps(answer, indent=2))
    else:
        _show(invocation, result, pinned=key is not None, kept=bool(heads))
    return 1 if result.bad else 0


@audit.add_command
@command()
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write it to this file.")
@click.option("--with-details", is_flag=True, help="Add what was said and done in words, and the people's names.")
@click.option("--release", "release_id", metavar="ID", help="One release's evidence bundle, a zip; needs --output.")
def export(invocation: Invocation, output: Path | None, with_details: bool, release_id: str | None) -> None:
    """Write the log as one file that can be verified without us; it names nobody unless the details are wanted.

    With --release, a zip of one release's evidence, approvals and log entries, with a program that checks it.
    """
    from gatekeeper.release.log import bundle_of, exported

    if release_id is not None:
        if output is None:
            raise click.UsageError("--release writes a zip: name the file with --output")
        write_answer(bundle_of(invocation.settings, release_id), output)
        invocation.err.print(f"unpack {output} and run `python verify.py` there", markup=False)
        return
    value = exported(invocation.settings, with_details=with_details)
    write_answer(json.dumps(value.as_json(), indent=2, ensure_ascii=False), output)
    if output is not None:
        invocation.err.print(f"{len(value.entries)} entries, {len(value.heads)} signed heads", markup=False)
        invocation.err.print(
            f"give this key to whoever verifies it, by another way: {value.verifier_key}", markup=False
        )


def _show(invocation: Invocation, result: "Checked", *, pinned: bool, kept: bool) -> None:
    if result.bad is not None:
        invocation.out.print(f"✗ {result.bad.problem}", style="red", markup=False)
    else:
        invocation.out.print(f"✓ {result.entries} entries, {result.signed} of them under a signed head", markup=False)
    if not pinned:
        invocation.err.print("checked with the key that came with the log; give the one you trust with --key")
    if not kept:
        invocation.err.print("no head of your own was given (--head), so an end cut off would not be noticed")
