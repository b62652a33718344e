"""`gatekeeper rules`: the index of the lint rules."""

import json

import click

from gatekeeper.cli.shared import Invocation, command
from migrations_lint.rules import rules as all_rules


@command()
def rules(invocation: Invocation) -> None:
    """List the lint rules and the further hazards that each covers; `gatekeeper explain NAME` shows a rule's page."""
    found = all_rules().values()
    if invocation.wants_json:
        listed = [{"name": rule.name, "title": rule.title, "covers": list(rule.covers)} for rule in found]
        click.echo(json.dumps({"version": 1, "rules": listed}, indent=2, ensure_ascii=False))
        return
    width = max(len(rule.name) for rule in found)
    for rule in found:
        click.echo(f"{rule.name:<{width}}  {rule.title}")
        for hazard in rule.covers[1:]:
            click.echo(f"{'':<{width}}  also {hazard}")
