"""`python -m gatekeeper.reverse_proxy`: what the plans of the provider local_process run."""

import sys
from datetime import timedelta
from pathlib import Path

import click

from gatekeeper.errors import GatekeeperError
from gatekeeper.reverse_proxy import versions
from gatekeeper.reverse_proxy.readiness import Health

_state = click.option(
    "--state", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where it is kept."
)
_version = click.option("--version", required=True, help="The version's name.")
_Port = click.IntRange(1, 65535)


@click.group()
def reverse_proxy() -> None:
    """Run versions of an application side by side on loopback, and switch between them."""


@reverse_proxy.command()
@_state
@click.option("--port", required=True, type=_Port, help="Where the proxy listens.")
def serve(folder: Path, port: int) -> None:
    """Be the proxy, until told to stop."""
    from gatekeeper.reverse_proxy.server import serve as serve_until_stopped

    serve_until_stopped(folder, port)


@reverse_proxy.command()
@_state
@_version
@click.option("--port", "ports", multiple=True, required=True, type=_Port, help="A port to run on; give two.")
@click.option("--health-path", default="/health", help="What a version that is ready answers [/health].")
@click.option("--ready-timeout", default=30.0, type=click.FloatRange(0), help="How many seconds to wait for it [30].")
@click.argument("words", nargs=-1, required=True)
def start(
    folder: Path, version: str, ports: tuple[int, ...], health_path: str, ready_timeout: float, words: tuple[str, ...]
) -> None:
    """Start a version with the program WORDS, in which {version} and {port} are filled in; write -- before it."""
    if len(set(ports)) < 2:
        raise click.UsageError("Give --port twice, with two ports: one for what serves, one for what comes.")
    health = Health(health_path, timedelta(seconds=ready_timeout))
    click.echo(versions.start(folder, version, versions.Program(words, ports, health)))


@reverse_proxy.command()
@_state
@_version
@click.option("--port", required=True, type=_Port, help="Where the proxy listens.")
def switch(folder: Path, version: str, port: int) -> None:
    """Let a version that runs serve; the proxy is started where it is missing."""
    click.echo(versions.switch(folder, version, port))


@reverse_proxy.command()
@_state
@_version
def stop(folder: Path, version: str) -> None:
    """End a version that does not serve."""
    click.echo(versions.stop(folder, version))


@reverse_proxy.command("stop-all")
@_state
def stop_all(folder: Path) -> None:
    """End the proxy and every version."""
    click.echo(versions.stop_all(folder))


@reverse_proxy.command()
@_state
def version(folder: Path) -> None:
    """Print the version that serves, and nothing where none does."""
    click.echo(versions.serving(folder) or "")


def main() -> None:
    """Run the command line; our errors become their sentence."""
    try:
        reverse_proxy(prog_name="python -m gatekeeper.reverse_proxy")
    except GatekeeperError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
