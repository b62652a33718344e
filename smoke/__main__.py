"""`python -m smoke`: the smoke checks alone, for those who use nothing else of gatekeeper."""

import json
import os
from dataclasses import replace
from pathlib import Path

import click

from smoke.by_hand import ARTIFACTS, ask_site
from smoke.errors import SmokeError
from smoke.model import Outcome
from smoke.report import as_json, exit_code, line, summary
from smoke.settings import SmokeSettings, read


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="A TOML file with a [smoke] table.")
@click.option("--url", default="", help="The running site, in place of the configured one.")
@click.option("--only", multiple=True, metavar="CHECK", help="Ask this check alone; can be repeated.")
@click.option("--repeat", default=1, type=click.IntRange(1), metavar="N", help="Ask each check N times; tell its rate.")
@click.option("--stop-at-first-critical", is_flag=True, help="Ask no more once a critical check has failed.")
@click.option("--artifacts", type=click.Path(path_type=Path), default=ARTIFACTS, help="Where screenshots go.")
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text")
def main(
    config: Path | None,
    url: str,
    only: tuple[str, ...],
    repeat: int,
    stop_at_first_critical: bool,
    artifacts: Path,
    output_format: str,
) -> int:
    """Ask a running site whether it works.

    Exits 0 when it does, 1 when it does not, 2 for wrong settings, 3 when that could not be told.
    """
    settings = read(config) if config else SmokeSettings()
    settings = replace(settings, url=url or settings.url)
    report = ask_site(
        settings,
        os.environ,
        only=only,
        artifacts=artifacts,
        progress=_tell,
        repeat=repeat,
        stop_at_first_critical=stop_at_first_critical,
    )
    if output_format == "json":
        click.echo(json.dumps(as_json(report)))
    else:
        click.echo("\n".join([*map(line, report.outcomes), summary(report)]))
    return exit_code(report.verdict)


def _tell(name: str, outcome: Outcome | None) -> None:
    if outcome is None:
        click.echo(f"asking {name} …", err=True)


def run_to_exit_code() -> int:
    """Our errors become their sentence and exit code, as in `gatekeeper`."""
    try:
        result = main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("stopped", err=True)
        return 130
    except SmokeError as error:
        click.echo(f"smoke: {error}", err=True)
        return error.exit_code
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    raise SystemExit(run_to_exit_code())
