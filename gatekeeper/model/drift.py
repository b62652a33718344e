"""How far something that should be the history's schema is from what the history builds."""

from dataclasses import dataclass

from gatekeeper.model.proof import SchemaDifference


@dataclass(frozen=True, slots=True)
class Applied:
    """What a live database says that it has of a history: the tables in which it says so, and where it stands."""

    tables: tuple[str, ...]
    count: int
    last: str | None
    pending: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """One comparison. `subject` is what was compared with the history: a database, models, a Prisma schema.

    In a difference, `before` is what the history builds and `after` what the subject has.
    """

    subject: str
    name: str
    server_version: int
    differences: tuple[SchemaDifference, ...]
    subject_version: int | None = None
    applied: Applied | None = None
    notes: tuple[str, ...] = ()

    @property
    def has_drifted(self) -> bool:
        """Whether anything differs that the team does not tolerate."""
        return any(difference.refutes for difference in self.differences)
