"""What a migration is split into: parts, each a file of its own, with the moment of the release at which it runs."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from migrations_lint.model import Fix, Place, Relation, Step

_NO_WORD = re.compile(r"\W+", re.ASCII)


class Phase(Enum):
    """When a part runs, seen from the deploy of the code that needs the change; in this order."""

    BEFORE_DEPLOY = "before deploy"  # the running release works on as if nothing had happened
    AFTER_DEPLOY = "after deploy"  # only the new release is running
    CONTRACT = "contract later"  # nobody will go back to the old release any more

    @property
    def rank(self) -> int:
        """0 is first."""
        return list(Phase).index(self)


@dataclass(frozen=True, slots=True)
class Part:
    """Steps that share a file: a transaction, or a single statement outside of any.

    `title` names the file, `why` says what it does and what to look at. `fills`: a change of rows that goes through
    the table in batches, by the column `key` where one tells the rows apart.
    """

    phase: Phase
    title: str
    steps: tuple[Step, ...]
    why: str
    fills: bool = False
    key: str | None = None

    @property
    def is_alone(self) -> bool:
        """Whether no transaction may be open."""
        return self.steps[0].place is Place.ALONE

    @property
    def begins_anew(self) -> bool:
        """Whether everything before it has to be committed."""
        return self.fills or self.steps[0].place is not Place.HERE


@dataclass(frozen=True, slots=True)
class Split:
    """One statement of the migration, as `sql` at `line`, and the parts that stand for it.

    `makes` are the names that it gives, changes or takes away on `table`, None for what is no part of a table. `hides`:
    the table has another name, and a view its own, from the first part to the last. `kept`: it runs as it is. `way`:
    how another one is done, in a sentence. `in_place`: the view stands where the table was, under its very name.
    `blocks` are what nobody can take away before it.
    """

    sql: str
    line: int
    parts: tuple[Part, ...]
    makes: frozenset[str]
    table: Relation | None = None
    notes: tuple[str, ...] = ()
    hides: bool = False
    kept: bool = False
    way: str = ""
    in_place: bool = False
    blocks: frozenset[str] = frozenset()

    @property
    def built(self) -> frozenset[str]:
        """What is built or tried on the rows by parts of their own, by the titles that these have."""
        return frozenset(part.title for part in self.parts if part.begins_anew and not part.fills)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A statement that cannot be split, and why."""

    sql: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts in the order in which they run; `refusals` are statements for which there are none."""

    parts: tuple[Part, ...]
    notes: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    splits: tuple[Split, ...]

    @property
    def changes_nothing(self) -> bool:
        """Whether the migration is as safe as it can be: every statement runs as it is, at one time."""
        is_kept = not self.refusals and all(split.kept for split in self.splits)
        return is_kept and len({part.phase for part in self.parts}) < 2


def parts_of(fix: Fix, phase: Phase, title: str, why: tuple[str, ...]) -> tuple[Part, ...]:
    """The steps of a fix as parts, one for each transaction; `why` has a sentence for each, the last for all others."""
    groups: list[list[Step]] = []
    for step in fix.steps:
        if groups and step.place is Place.HERE and groups[-1][0].place is not Place.ALONE:
            groups[-1].append(step)
        else:
            groups.append([step])
    names = [title, f"{title}_validated", *(f"{title}_{number}" for number in range(3, len(groups) + 1))]
    if groups[0][0].place is Place.ALONE and len(groups) > 1:
        names = [f"{title}_index", title, *names[2:]]
    said = [why[min(at, len(why) - 1)] for at in range(len(groups))]
    return tuple(
        Part(phase, name, tuple(steps), reason) for name, steps, reason in zip(names, groups, said, strict=False)
    )


def slug(*words: str) -> str:
    """Names as part of a file name."""
    return "_".join(_NO_WORD.sub("_", word).strip("_").lower() for word in words)


def together(steps: Iterable[str | None]) -> str:
    """Several statements where one text is wanted."""
    return ";\n".join(step for step in steps if step)
