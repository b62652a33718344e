"""`gatekeeper rules`: the index of the lint rules."""

import json

import click

from gatekeeper.cli.shared import Invocation, command
from migrations_lint.rules import rules as all_rules


@command()
def rules(invocation: Invocation) -> None:
    """List the lint rules; `gatekeeper explain NAME` shows the page of one."""
    found = all_rules().values()
    if invocation.wants_json:
        listed = [{"name": rule.name, "title": rule.title} for rule in found]
        click.echo(json.dumps({"version": 1, "rules": listed}, indent=2, ensure_ascii=False))
        return
    width = max(len(rule.name) for rule in found)
    for rule in found:
        click.echo(f"{rule.name:<{width}}  {rule.title}")
