"""What an examination says."""

from dataclasses import dataclass
from enum import Enum


class Condition(Enum):
    """How it stands with one thing, best first."""

    WELL = "well"
    UNUSED = "unused"
    ADVICE = "advice"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing that was looked at; `remedy` says what to do, and is empty where nothing is to be done."""

    subject: str
    condition: Condition
    seen: str
    remedy: str = ""


def well(subject: str, seen: str) -> Examined:
    """As it should be."""
    return Examined(subject, Condition.WELL, seen)


def unused(subject: str, seen: str, remedy: str) -> Examined:
    """Not set up, which is fine for those who do not need it."""
    return Examined(subject, Condition.UNUSED, seen, remedy)


def advice(subject: str, seen: str, remedy: str) -> Examined:
    """It works, and could be safer."""
    return Examined(subject, Condition.ADVICE, seen, remedy)


def wrong(subject: str, seen: str, remedy: str) -> Examined:
    """A command that needs it would fail."""
    return Examined(subject, Condition.WRONG, seen, remedy)
