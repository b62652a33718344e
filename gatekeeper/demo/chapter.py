"""What a chapter of the story is, once it has been told."""

from dataclasses import dataclass


class StoryBroken(Exception):
    """A chapter did not end as it should: a defect of ours, never of the reader's machine."""


@dataclass(frozen=True, slots=True)
class Told:
    """What happened, line by line, and the command that shows it again."""

    lines: tuple[str, ...]
    again: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter with its title, what happened in it, and how long it took."""

    title: str
    lines: tuple[str, ...]
    again: str
    seconds: float
