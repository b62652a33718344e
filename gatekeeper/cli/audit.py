"""`gatekeeper audit`: the log of every decision, and the proof that nobody rewrote it."""

import click

from gatekeeper.cli.shared import Invocation, command, not_built_yet

_INSTEAD = "The steps of a release and their evidence are in `gatekeeper release status --format json`."


@click.group()
def audit() -> None:
    """The append-only audit log (not part of this version)."""


@audit.add_command
@command()
def verify(invocation: Invocation) -> None:
    """Check an export of the log, offline, and name the first bad entry. Not part of this version."""
    not_built_yet("audit verify", _INSTEAD)


@audit.add_command
@command()
def export(invocation: Invocation) -> None:
    """Write the log as one file that verifies without us. Not part of this version."""
    not_built_yet("audit export", _INSTEAD)
