"""`gatekeeper lsp`: the linter as a language server, for editors."""

from gatekeeper.cli.shared import Invocation, command


@command()
def lsp(invocation: Invocation) -> None:
    """Serve an editor over standard input and output (Language Server Protocol).

    It finds what `gatekeeper lint` finds while a migration is written, shows a rule's page on hover, and offers its
    fix and the comment that allows it. The editor starts it by itself.
    """
    from gatekeeper.editor.server import language_server

    language_server(invocation.config).start_io()
