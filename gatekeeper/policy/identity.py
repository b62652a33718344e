"""Who is a person, and whether two names mean the same one."""

_MACHINES = frozenset({"github-actions", "gitlab-ci", "jenkins", "root", "ci", "bot", "dependabot", "renovate"})
_MARKS = ("[bot]", "-bot", "_bot")


def is_machine(who: str) -> bool:
    """Whether a name belongs to a bot or a CI account, which may reject but never approve."""
    name = same_form(who)
    account = name.partition("@")[0]
    return not name or name.endswith(_MARKS) or account.endswith(_MARKS) or account in _MACHINES


def same_person(one: str, other: str) -> bool:
    """Whether two identities are written for one person."""
    return same_form(one) == same_form(other)


def same_form(who: str) -> str:
    """An identity as it is compared: without outer blanks and without regard to case."""
    return who.strip().casefold()
