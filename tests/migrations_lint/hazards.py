"""The hazards as `hazards.toml` lists them, what other linters call them, and the page of the docs made from both.

They stand beside the tests because nothing that runs needs them: a rule's page says itself what the rule covers.
`python -m tests.migrations_lint.hazards` writes the page anew.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from migrations_lint.rules import rules
from tests.pages import ROOT

_HERE = Path(__file__).parent
PAGE = ROOT / "docs" / "reference" / "hazards.md"

_INTRODUCTION = """\
# Hazards and the rules that catch them

Made from the pages of the rules by `python -m tests.migrations_lint.hazards`; do not edit it by hand.

Every hazard that a linter of the field checks, and those that none of them does. A rule may catch several that a team
would allow together; some are caught by no rule, and the table says why. `gatekeeper explain RULE` shows a rule.
"""
_OTHER_LINTERS = """\
## What other linters call them

Their rules by their own names, and ours in their place. A dash says that the linter does not check the hazard.
"""


@dataclass(frozen=True)
class Hazards:
    """`sections` hold the hazards by name with what triggers them; `without_rule` says why no rule catches some."""

    sections: dict[str, dict[str, str]]
    without_rule: dict[str, str]

    @property
    def names(self) -> frozenset[str]:
        """All of them."""
        return frozenset(name for section in self.sections.values() for name in section)


def read_hazards() -> Hazards:
    """The list, read anew."""
    listed = tomllib.loads((_HERE / "hazards.toml").read_text(encoding="utf-8"))
    return Hazards(listed["hazards"], listed["without-a-rule"])


def read_peers() -> dict[str, dict[str, list[str] | str]]:
    """Each other linter's rules: the hazards that they are about, or the reason why a rule is about none."""
    return tomllib.loads((_HERE / "peers.toml").read_text(encoding="utf-8"))


def page() -> str:
    """The page of the docs as it should be."""
    hazards, peers = read_hazards(), read_peers()
    caught = dict(hazards.without_rule)
    caught |= {hazard: _link(rule.name) for rule in rules().values() for hazard in rule.covers}
    parts = [_INTRODUCTION]
    for title, section in hazards.sections.items():
        rows = [
            (f"`{name}`", triggers, caught.get(name, ""), *(_theirs(known, name) for known in peers.values()))
            for name, triggers in section.items()
        ]
        parts.append(f"## {title}\n\n{_table(('hazard', 'triggers on', 'rule', *peers), rows)}")
    parts.append(_OTHER_LINTERS)
    for peer, known in peers.items():
        rows = [(its, _ours(about, caught)) for its, about in known.items()]
        parts.append(f"### {peer}\n\n{_table(('its rule', 'ours'), rows)}")
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _link(rule: str) -> str:
    return f"[`{rule}`](../../migrations_lint/rules/{rule.replace('-', '_')}.md)"


def _theirs(known: Mapping[str, list[str] | str], hazard: str) -> str:
    return ", ".join(its for its, about in known.items() if not isinstance(about, str) and hazard in about) or "—"


def _ours(about: list[str] | str, caught: Mapping[str, str]) -> str:
    return about if isinstance(about, str) else ", ".join(dict.fromkeys(caught.get(name, "") for name in about))


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
