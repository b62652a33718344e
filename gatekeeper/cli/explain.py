"""`gatekeeper explain NAME`: the page of a rule, format, reporter, check, provider, measure or channel."""

from difflib import get_close_matches
from pathlib import Path

import click

from gatekeeper.cli.shared import Invocation, command
from gatekeeper.errors import GatekeeperError


class NothingToExplain(GatekeeperError):
    """A name that no plug-in has."""

    exit_code = 2


@command()
@click.argument("name")
def explain(invocation: Invocation, name: str) -> None:
    """Show the page of the rule, format, reporter, check, provider, measure or channel called NAME."""
    pages = _pages(invocation.settings.lint.rules)
    page = pages.get(name) or pages.get(name.replace("_", "-"))
    if page is None:
        near = get_close_matches(name, pages, n=3)
        raise NothingToExplain(
            f"nothing is called {name!r}",
            next_step=f"Did you mean {' or '.join(near)}?" if near else "`gatekeeper rules` lists the rules.",
        )
    text = page.read_text(encoding="utf-8")
    if invocation.wants_json:
        import json

        click.echo(json.dumps({"version": 1, "name": name, "page": text}, ensure_ascii=False))
    elif invocation.out.is_terminal:
        from rich.markdown import Markdown

        invocation.out.print(Markdown(text))
    else:
        click.echo(text, nl=False)


def _pages(own_rules: tuple[str, ...]) -> dict[str, Path]:
    import migrations_lint
    import smoke
    from gatekeeper import measures, notify, providers

    lint = Path(str(migrations_lint.__file__)).parent
    rooms = (
        *map(Path, own_rules),
        lint / "rules",
        lint / "formats",
        lint / "reporters",
        Path(str(smoke.__file__)).parent / "checks",
        Path(str(providers.__file__)).parent,
        Path(str(measures.__file__)).parent,
        Path(str(notify.__file__)).parent,
    )
    return {page.stem.replace("_", "-"): page for room in rooms for page in sorted(room.glob("*.md"))}
