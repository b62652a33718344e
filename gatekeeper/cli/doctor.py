"""`gatekeeper doctor`: what is missing or misconfigured, and how to mend it."""

from gatekeeper.cli.shared import Invocation, command, not_built_yet


@command()
def doctor(invocation: Invocation) -> None:
    """Say what is missing or misconfigured, and how to mend it. Not part of this version."""
    not_built_yet("doctor", "Each command says by itself what it misses and what to do about it.")
