"""`gatekeeper stats`: sizes and catalog of a database, for the linter."""

import click

from gatekeeper.cli.shared import Invocation, command, not_built_yet


@click.group()
def stats() -> None:
    """Sizes of production, so that the linter can speak in rows and minutes (not part of this version)."""


@stats.add_command
@command()
def pull(invocation: Invocation) -> None:
    """Write a SchemaSnapshot of a database: sizes and catalog, never rows. Not part of this version."""
    not_built_yet("stats pull", "Lint without sizes: `gatekeeper lint` then assumes that every old table is in use.")
