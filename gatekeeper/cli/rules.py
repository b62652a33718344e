"""`gatekeeper rules`: the index of the lint rules and the smoke checks, and the test of a team's own rules."""

import json
from typing import TYPE_CHECKING

import click

from gatekeeper.cli.shared import Invocation, command
from migrations_lint.rules import all_rules
from migrations_lint.rules import rules as built_in

if TYPE_CHECKING:
    from migrations_lint.rules import Rule


@command()
@click.option("--check", is_flag=True, help="Run the examples on the pages of your own rules (`rules` under [lint]).")
def rules(invocation: Invocation, check: bool) -> int:
    """List the lint rules, with the further hazards that each covers, and the smoke checks.

    `gatekeeper explain NAME` shows the page of one.

    With --check, exits 1 where a page of a rule of your own promises what the rule does not do.
    """
    from smoke.checks import titles

    found = list(all_rules(invocation.settings.lint).values())
    if check:
        return _checked(invocation, [rule for rule in found if rule.name not in built_in()])
    if invocation.wants_json:
        listed = [
            {"name": rule.name, "title": rule.title, "covers": list(rule.covers), "opt_in": rule.opt_in}
            for rule in found
        ]
        checks = [{"name": name, "title": title} for name, title in titles().items()]
        click.echo(json.dumps({"version": 1, "rules": listed, "checks": checks}, indent=2, ensure_ascii=False))
        return 0
    width = max(len(rule.name) for rule in found)
    for rule in found:
        mark = " (only where `on` names it)" if rule.opt_in else ""
        click.echo(f"{rule.name:<{width}}  {rule.title}{mark}")
        for hazard in rule.covers[1:]:
            click.echo(f"{'':<{width}}  also {hazard}")
    click.echo("\nSmoke checks, for `use` under [[smoke.check]]:")
    for name, title in titles().items():
        click.echo(f"{name:<{width}}  {title}")
    return 0


def _checked(invocation: Invocation, own: list["Rule"]) -> int:
    from migrations_lint.rule_pages import disagreements

    wrong = {rule.name: list(disagreements(rule, invocation.settings.lint)) for rule in own}
    if invocation.wants_json:
        listed = [
            {"rule": name, "page": str(one.page), "example": one.example, "line": one.line, "message": one.what}
            for name, found in wrong.items()
            for one in found
        ]
        click.echo(json.dumps({"version": 1, "checked": list(wrong), "disagreements": listed}, indent=2))
    else:
        for name, found in wrong.items():
            click.echo(f"{name}: {'as its page says' if not found else 'not as its page says'}")
            for one in found:
                click.echo(f"  {one.page}:{one.line}: {one.example or 'the whole page'}: {one.what}")
        if not own:
            click.echo("There is no rule of your own; name a folder of them with `rules` under [lint].")
    return 1 if any(wrong.values()) else 0
