"""The eight table-level lock modes, which conflict with which, and what each one stops.

Source: PostgreSQL 18, "Explicit Locking", table 13.2 (https://www.postgresql.org/docs/18/explicit-locking.html);
the table has been the same since PostgreSQL 8.
"""

from enum import Enum


class LockMode(Enum):
    """A table-level lock mode in PostgreSQL's own spelling, weakest first."""

    ACCESS_SHARE = "ACCESS SHARE"
    ROW_SHARE = "ROW SHARE"
    ROW_EXCLUSIVE = "ROW EXCLUSIVE"
    SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
    SHARE = "SHARE"
    SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
    EXCLUSIVE = "EXCLUSIVE"
    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"

    __hash__ = object.__hash__  # Enum hashes a member's name in Python; rules look modes up by the million

    @property
    def rank(self) -> int:
        """1 for ACCESS SHARE to 8 for ACCESS EXCLUSIVE, the numbers PostgreSQL itself uses."""
        return _RANKS[self]

    @property
    def catalog_name(self) -> str:
        """The spelling of `pg_locks.mode`, such as AccessExclusiveLock."""
        return "".join(word.capitalize() for word in self.value.split()) + "Lock"

    def conflicts_with(self, other: "LockMode") -> bool:
        """Whether two transactions cannot hold these two modes on one table at the same time."""
        return other in CONFLICTS[self]

    @property
    def blocks_reads(self) -> bool:
        """A plain SELECT has to wait."""
        return self in _BLOCKING_READS

    @property
    def blocks_writes(self) -> bool:
        """INSERT, UPDATE, DELETE and MERGE have to wait."""
        return self in _BLOCKING_WRITES


_RANKS = {mode: rank for rank, mode in enumerate(LockMode, start=1)}
BY_CATALOG_NAME = {mode.catalog_name: mode for mode in LockMode}

_ALL = frozenset(LockMode)
CONFLICTS: dict[LockMode, frozenset[LockMode]] = {
    LockMode.ACCESS_SHARE: frozenset({LockMode.ACCESS_EXCLUSIVE}),
    LockMode.ROW_SHARE: frozenset({LockMode.EXCLUSIVE, LockMode.ACCESS_EXCLUSIVE}),
    LockMode.ROW_EXCLUSIVE: frozenset(
        {LockMode.SHARE, LockMode.SHARE_ROW_EXCLUSIVE, LockMode.EXCLUSIVE, LockMode.ACCESS_EXCLUSIVE}
    ),
    LockMode.SHARE_UPDATE_EXCLUSIVE: _ALL - {LockMode.ACCESS_SHARE, LockMode.ROW_SHARE, LockMode.ROW_EXCLUSIVE},
    LockMode.SHARE: _ALL - {LockMode.ACCESS_SHARE, LockMode.ROW_SHARE, LockMode.SHARE},
    LockMode.SHARE_ROW_EXCLUSIVE: _ALL - {LockMode.ACCESS_SHARE, LockMode.ROW_SHARE},
    LockMode.EXCLUSIVE: _ALL - {LockMode.ACCESS_SHARE},
    LockMode.ACCESS_EXCLUSIVE: _ALL,
}
_BLOCKING_READS = CONFLICTS[LockMode.ACCESS_SHARE]
_BLOCKING_WRITES = CONFLICTS[LockMode.ROW_EXCLUSIVE]


def strongest(*modes: LockMode) -> LockMode:
    """The mode that stands highest in PostgreSQL's order; at least one is needed."""
    return max(modes, key=lambda mode: mode.rank)
