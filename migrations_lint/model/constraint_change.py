"""Facts about the constraints of a table that exists."""

from dataclasses import dataclass

from migrations_lint.model.relation import Relation
from migrations_lint.model.schema import Constraint


@dataclass(frozen=True, slots=True)
class AddsConstraint:
    """A constraint put on a table that exists; `inline`: ADD COLUMN declares it."""

    relation: Relation
    constraint: Constraint
    inline: bool = False


@dataclass(frozen=True, slots=True)
class ChangesConstraint:
    """ALTER CONSTRAINT; None for what the statement leaves as it is. ENFORCED and INHERIT: PostgreSQL 18."""

    relation: Relation
    name: str
    deferrable: bool | None = None
    enforced: bool | None = None
    inherited: bool | None = None


@dataclass(frozen=True, slots=True)
class DropsConstraint:
    """ALTER TABLE … DROP CONSTRAINT; `along`: it goes with what is dropped.

    `constraint` is what stood there, None where the schema does not know it.
    """

    relation: Relation
    name: str
    cascade: bool = False
    if_exists: bool = False
    along: bool = False
    constraint: Constraint | None = None


@dataclass(frozen=True, slots=True)
class ValidatesConstraint:
    """ALTER TABLE … VALIDATE CONSTRAINT."""

    relation: Relation
    name: str
