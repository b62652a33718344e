"""`gatekeeper console`: web pages for release managers."""

from gatekeeper.cli.shared import Invocation, command, not_built_yet


@command()
def console(invocation: Invocation) -> None:
    """Serve the web console.

    Not part of this version.
    """
    not_built_yet("console", r"Use \`gatekeeper release status\` and \`gatekeeper gate list\` for now.")
