"""A gate, the approvals given at it, and what follows from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any


class Decision(Enum):
    """What a person said at a gate."""

    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    BREAK_GLASS = "break-glass"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Gate:
    """Who must approve before a release goes on.

    `approvers` narrows a role to the people it names; a role that is not in it is open to every person.
    `starter` began the release and does not approve it, unless `approvers` names them for that very role; `authors`
    wrote what is released, and never approve it. `aliases` are a person's other names. `break_glass` names those who
    may let a release through alone, for others to review. With `must_sign`, only words that are signed with a key of
    whoever they name count.
    """

    name: str
    needs: Mapping[str, int]
    starter: str
    approvers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    expires_after: timedelta = timedelta(hours=24)
    authors: tuple[str, ...] = ()
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    break_glass: tuple[str, ...] = ()
    must_sign: bool = False


@dataclass(frozen=True, slots=True)
class Approval:
    """One entry in the book of a gate: it is never changed, only followed by another.

    `envelope` is the signed statement that came with it; `is_signed` that a key of this very person has signed it.
    """

    gate: str
    decision: Decision
    who: str
    role: str
    digest: str
    at: datetime
    reason: str = ""
    envelope: Mapping[str, Any] | None = field(default=None, hash=False, repr=False)
    is_signed: bool = False


@dataclass(frozen=True, slots=True)
class Void:
    """An approval that does not count, and why."""

    approval: Approval
    because: str


@dataclass(frozen=True, slots=True)
class Opened:
    """The gate is open; these approvals opened it."""

    by: tuple[Approval, ...]

    @property
    def is_break_glass(self) -> bool:
        """Whether one person let it through alone."""
        return any(one.decision is Decision.BREAK_GLASS for one in self.by)


@dataclass(frozen=True, slots=True)
class Waiting:
    """People are missing: `missing` says how many of which role."""

    gate: str
    needs: Mapping[str, int]
    have: tuple[Approval, ...]
    missing: Mapping[str, int]
    void: tuple[Void, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """Somebody rejected exactly this digest, which ends it."""

    by: Approval
