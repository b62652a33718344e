"""The hazards as `hazards.toml` lists them, for the tests that hold the rules to them and for the table in the docs.

They stand beside the tests because nothing that runs needs them: a rule's page says itself what the rule covers.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).parent / "hazards.toml"


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
    listed = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return Hazards(listed["hazards"], listed["without-a-rule"])
