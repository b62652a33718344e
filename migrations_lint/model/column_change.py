"""Facts about the columns of a relation: what a statement adds, alters or drops."""

from dataclasses import dataclass, field

from migrations_lint.model.relation import Relation
from migrations_lint.model.schema import Column, Constraint


@dataclass(frozen=True, slots=True)
class AddsColumn:
    """ALTER TABLE … ADD COLUMN; the constraints in its definition are also facts of their own, `inline`."""

    relation: Relation
    column: Column
    if_not_exists: bool = False
    constraints: tuple[Constraint, ...] = ()


@dataclass(frozen=True, slots=True)
class DropsColumn:
    """ALTER TABLE … DROP COLUMN; `along`: it goes with a type that is dropped."""

    relation: Relation
    column: str
    cascade: bool = False
    if_exists: bool = False
    along: bool = False


@dataclass(frozen=True, slots=True)
class RenamesColumn:
    """ALTER TABLE … RENAME COLUMN."""

    relation: Relation
    column: str
    to: str


@dataclass(frozen=True, slots=True)
class ChangesColumnType:
    """ALTER COLUMN … TYPE; `before` is None where the schema does not know the column."""

    relation: Relation
    column: str
    type: str
    before: str | None
    using: str | None = None
    collation: str | None = None


@dataclass(frozen=True, slots=True)
class SetsNotNull:
    """SET NOT NULL, or DROP NOT NULL where `required` is False."""

    relation: Relation
    column: str
    required: bool


@dataclass(frozen=True, slots=True)
class SetsDefault:
    """SET DEFAULT, or DROP DEFAULT where `default` is None; `default_sql` is the whole of it."""

    relation: Relation
    column: str
    default: str | None
    default_sql: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SetsIdentity:
    """ADD GENERATED … AS IDENTITY, or DROP IDENTITY where `identity` is False; `always` as for columns."""

    relation: Relation
    column: str
    identity: bool
    always: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class SetsExpression:
    """SET EXPRESSION AS (PostgreSQL 17), or DROP EXPRESSION where `expression` is None."""

    relation: Relation
    column: str
    expression: str | None
