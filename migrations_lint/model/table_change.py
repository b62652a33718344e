"""Facts about what a table has beside columns and constraints: triggers, policies, row security, properties."""

from dataclasses import dataclass
from enum import Enum

from migrations_lint.model.relation import Relation
from migrations_lint.model.schema import Policy, Trigger


@dataclass(frozen=True, slots=True)
class CreatesTrigger:
    """CREATE TRIGGER."""

    relation: Relation
    trigger: Trigger
    or_replace: bool = False


@dataclass(frozen=True, slots=True)
class SwitchesTrigger:
    """ENABLE or DISABLE TRIGGER; `name` is None for ALL and for USER.

    `internal`: ALL, which includes the triggers that check foreign keys.
    """

    relation: Relation
    name: str | None
    enabled: bool
    internal: bool = False


@dataclass(frozen=True, slots=True)
class CreatesPolicy:
    """CREATE POLICY."""

    relation: Relation
    policy: Policy


@dataclass(frozen=True, slots=True)
class ChangesPolicy:
    """ALTER POLICY; None for what the statement leaves as it is."""

    relation: Relation
    name: str
    roles: tuple[str, ...] | None = None
    using: str | None = None
    check: str | None = None


@dataclass(frozen=True, slots=True)
class SetsRowSecurity:
    """ENABLE, DISABLE, FORCE or NO FORCE ROW LEVEL SECURITY; None for what the statement leaves as it is."""

    relation: Relation
    enabled: bool | None = None
    forced: bool | None = None


class TableProperty(Enum):
    """What ALTER TABLE … SET or OWNER TO changes of a relation as a whole."""

    ACCESS_METHOD = "access method"
    CLUSTER_INDEX = "cluster index"
    LOGGED = "logged"
    OWNER = "owner"
    REPLICA_IDENTITY = "replica identity"
    TABLESPACE = "tablespace"


@dataclass(frozen=True, slots=True)
class SetsTableProperty:
    """A property and its new value as text: `yes` or `no` for LOGGED, NOTHING, FULL, DEFAULT or an index's name for
    REPLICA IDENTITY; None where it is taken away."""

    relation: Relation
    property: TableProperty
    value: str | None


@dataclass(frozen=True, slots=True)
class SetsStorageParameter:
    """SET (name = value) of a table or index, or RESET where `value` is None."""

    relation: Relation
    name: str
    value: str | None
