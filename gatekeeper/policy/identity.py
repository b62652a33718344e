"""Who is a person, and whether two names mean the same one."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

_MACHINES = frozenset({"github-actions", "gitlab-ci", "jenkins", "root", "ci", "bot", "dependabot", "renovate"})
_MARKS = ("[bot]", "-bot", "_bot")


Aliases = Mapping[str, Sequence[str]]
"""A person's one name, and the others under which Git, GitHub or the company's login know them."""


def is_machine(who: str) -> bool:
    """Whether a name belongs to a bot or a CI account, which may reject but never approve."""
    name = same_form(who)
    account = name.partition("@")[0]
    return not name or name.endswith(_MARKS) or account.endswith(_MARKS) or account in _MACHINES


def same_person(one: str, other: str, aliases: Aliases = MappingProxyType({})) -> bool:
    """Whether two identities are written for one person."""
    return person(one, aliases) == person(other, aliases)


def person(who: str, aliases: Aliases) -> str:
    """The one name of whoever this is, as it is compared."""
    seen = same_form(who)
    return next((same_form(name) for name, others in aliases.items() if seen in map(same_form, others)), seen)


def same_form(who: str) -> str:
    """An identity as it is compared: without outer blanks and without regard to case."""
    return who.strip().casefold()
