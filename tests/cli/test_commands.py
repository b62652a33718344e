"""Every command of the interface is there, answers --help, and says so where a later version fills it."""

import json

import pytest

from gatekeeper.cli import cli
from tests.gatekeeper.commands import gatekeeper

COMMANDS = [
    "init", "doctor", "lint", "inject", "verify", "check", "migrate", "smoke",
    "release start", "release status", "release resume", "release abort", "release rollback", "release reconcile",
    "release report", "gate key", "gate break-glass", "gate review",
    "gate list", "gate show", "gate approve", "gate reject", "gate withdraw",
    "audit verify", "audit export", "stats pull", "console", "demo", "explain", "rules", "lsp", "plan",
]  # fmt: skip
LATER = ["console"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_answers_help(command: str) -> None:
    result = gatekeeper(*command.split(), "--help")

    assert result.exit_code == 0
    assert result.out.startswith("Usage:")


def test_no_command_is_missing_from_this_list() -> None:
    import click

    context = click.Context(cli)
    assert set(cli.list_commands(context)) == {command.split()[0] for command in COMMANDS}


@pytest.mark.parametrize("command", LATER)
def test_a_command_of_a_later_version_says_so_and_does_not_pretend(command: str) -> None:
    result = gatekeeper(*command.split())

    assert result.exit_code == 2
    assert "is not part of this version" in result.err


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in {"explain", "rules"}])
def test_every_command_takes_the_common_options(command: str) -> None:
    text = gatekeeper(*command.split(), "--help").out

    for option in ("--config", "--format", "--quiet", "--no-color"):
        assert option in text


def test_the_index_of_rules_maps_every_covered_hazard_and_marks_what_runs_only_where_named() -> None:
    text = gatekeeper("rules").out
    told = json.loads(gatekeeper("rules", "--format", "json").out)
    assert {"name": "ready", "title": "The site is ready"} in told["checks"]
    assert "\nready " in text
    listed = {rule["name"]: rule for rule in json.loads(gatekeeper("rules", "--format", "json").out)["rules"]}

    assert "also volatile-default-rewrites-table" in text
    assert "volatile-default-rewrites-table" in listed["default-rewrites-table"]["covers"]
    assert listed["cascade-spreads-deletes"]["opt_in"]
    assert not listed["index-build-blocks-writes"]["opt_in"]
    assert "ON DELETE CASCADE deletes more than is asked for (only where `on` names it)" in text
