"""Facts about what is no relation: types, functions, schemas, extensions, roles, rights and the like.

Objects of a schema are named as SQL may name them: `mood`, or `other.mood` where the schema is not public.
"""

from dataclasses import dataclass
from enum import Enum

from migrations_lint.model.relation import Relation
from migrations_lint.model.schema import Function, ObjectKind, UserType, Volatility


@dataclass(frozen=True, slots=True)
class CreatesObject:
    """Something that has no fact of its own; `on` is the relation that a rule or statistics object hangs on.

    `version` is an extension's, None where it is not pinned.
    """

    kind: ObjectKind
    name: str
    on: Relation | None = None
    if_not_exists: bool = False
    or_replace: bool = False
    version: str | None = None


@dataclass(frozen=True, slots=True)
class ChangesObject:
    """ALTER of something that has no fact of its own; `what` says in SQL's words what of it (`UPDATE`, `SET`)."""

    kind: ObjectKind
    name: str
    what: str


@dataclass(frozen=True, slots=True)
class DropsObject:
    """Anything but a relation, column, constraint or index; `on` is the relation of a trigger, policy or rule.

    `along`: not named by the statement, it goes with what is.
    """

    kind: ObjectKind
    name: str
    on: Relation | None = None
    if_exists: bool = False
    cascade: bool = False
    along: bool = False


@dataclass(frozen=True, slots=True)
class RenamesObject:
    """A new name, or another schema, for anything but a relation, column or enum value."""

    kind: ObjectKind
    name: str
    to: str
    on: Relation | None = None


@dataclass(frozen=True, slots=True)
class CreatesType:
    """CREATE TYPE or CREATE DOMAIN."""

    type: UserType


@dataclass(frozen=True, slots=True)
class AddsEnumValue:
    """ALTER TYPE … ADD VALUE; `positioned` where BEFORE or AFTER is said."""

    type: str
    label: str
    positioned: bool
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class RenamesEnumValue:
    """ALTER TYPE … RENAME VALUE."""

    type: str
    label: str
    to: str


class DomainChange(Enum):
    """What ALTER DOMAIN does."""

    ADDS_CONSTRAINT = "adds constraint"
    DROPS_CONSTRAINT = "drops constraint"
    VALIDATES_CONSTRAINT = "validates constraint"
    SETS_NOT_NULL = "sets not null"
    DROPS_NOT_NULL = "drops not null"
    SETS_DEFAULT = "sets default"


@dataclass(frozen=True, slots=True)
class ChangesDomain:
    """ALTER DOMAIN; `users` are the tables with a column of it, as far as known; `valid` is False for NOT VALID."""

    domain: str
    change: DomainChange
    constraint: str | None = None
    valid: bool = True
    users: tuple[Relation, ...] = ()


@dataclass(frozen=True, slots=True)
class CreatesFunction:
    """CREATE FUNCTION or PROCEDURE; `replaces` is what stood there under OR REPLACE, as far as known."""

    function: Function
    or_replace: bool = False
    replaces: Function | None = None


@dataclass(frozen=True, slots=True)
class ChangesFunction:
    """ALTER FUNCTION or PROCEDURE; None for what the statement leaves as it is."""

    name: str
    volatility: Volatility | None = None
    security_definer: bool | None = None
    search_path: str | None = None


@dataclass(frozen=True, slots=True)
class ChangesPublication:
    """The tables of a publication after CREATE or ALTER; None where ALL TABLES or a schema is said."""

    name: str
    tables: tuple[Relation, ...] | None


@dataclass(frozen=True, slots=True)
class ChangesPrivileges:
    """GRANT or REVOKE; `privileges` and `roles` in lower case, `all` and `public` as SQL says them.

    `kind` is what the rights are on in SQL's words (`TABLE`, `SCHEMA`, `FUNCTION`, `ROLE` …); `relations` the tables
    and sequences named, `names` anything else; `in_schema`: ALL … IN SCHEMA, whose schemas are in `names`;
    `defaults`: ALTER DEFAULT PRIVILEGES, for what is made later.
    """

    grants: bool
    privileges: tuple[str, ...]
    kind: str
    roles: tuple[str, ...]
    relations: tuple[Relation, ...] = ()
    names: tuple[str, ...] = ()
    in_schema: bool = False
    defaults: bool = False


@dataclass(frozen=True, slots=True)
class Comments:
    """COMMENT ON a relation or, with `column`, one of its columns; `text` is None where the comment is taken away."""

    relation: Relation
    column: str | None
    text: str | None


ObjectChange = (
    CreatesObject
    | ChangesObject
    | DropsObject
    | RenamesObject
    | CreatesType
    | AddsEnumValue
    | RenamesEnumValue
    | ChangesDomain
    | CreatesFunction
    | ChangesFunction
    | ChangesPublication
    | ChangesPrivileges
    | Comments
)
