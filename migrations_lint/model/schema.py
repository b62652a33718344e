"""What a schema is made of: columns, constraints, triggers, policies, types, functions. Facts carry them about."""

from dataclasses import dataclass, field
from enum import Enum

from migrations_lint.model.relation import Relation


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `type` as `format_type` spells it, `default` in a word or two, or None.

    `serial`: declared as one, so that `type` is the integer behind it. `domain`: `type` is a domain with constraints
    of its own. `reads`: the columns that a generated column is computed from. `default_sql`: the default as SQL, where
    it was written out; `always`: an identity that takes no value from an INSERT.
    """

    name: str
    type: str
    not_null: bool = False
    default: str | None = None
    volatile_default: bool = False
    identity: bool = False
    generated: str | None = None  # "stored", "virtual"
    serial: bool = False
    domain: bool = False
    collation: str | None = None
    reads: tuple[str, ...] = ()
    default_sql: str | None = field(default=None, compare=False)
    always: bool = field(default=False, compare=False)


class ConstraintKind(Enum):
    """`pg_constraint.contype` in words."""

    CHECK = "check"
    FOREIGN_KEY = "foreign key"
    PRIMARY_KEY = "primary key"
    UNIQUE = "unique"
    EXCLUDE = "exclude"
    NOT_NULL = "not null"


@dataclass(frozen=True, slots=True)
class Constraint:
    """A table constraint. `not_null_columns`: those that a valid CHECK or NOT NULL constraint proves filled.

    `expression` is a CHECK's own text; `not_immutable` the functions in it that may answer differently tomorrow.
    `on_delete` and `on_update` are spelled as in SQL, NO ACTION where nothing is said. `enforced` is False for
    NOT ENFORCED (PostgreSQL 18).
    """

    name: str
    kind: ConstraintKind
    columns: tuple[str, ...] = ()
    references: Relation | None = None
    referenced_columns: tuple[str, ...] = ()
    valid: bool = True
    not_null_columns: tuple[str, ...] = ()
    using_index: str | None = None
    expression: str | None = None
    not_immutable: tuple[str, ...] = ()
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"
    deferrable: bool = False
    enforced: bool = True
    inherited: bool = True


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger; `function` is the name of what it calls, `row` whether it runs FOR EACH ROW."""

    name: str
    function: str
    timing: str  # "BEFORE", "AFTER", "INSTEAD OF"
    events: tuple[str, ...]  # "INSERT", "UPDATE", "DELETE", "TRUNCATE"
    row: bool = False
    constraint: bool = False
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Policy:
    """A row security policy; `using` and `check` as text, None where absent; `mentions` the columns they name."""

    name: str
    command: str = "ALL"  # ALL, SELECT, INSERT, UPDATE, DELETE
    permissive: bool = True
    roles: tuple[str, ...] = ("public",)
    using: str | None = None
    check: str | None = None
    mentions: tuple[str, ...] = ()


class TypeKind(Enum):
    """`pg_type.typtype` in words, for types that a user makes."""

    ENUM = "enum"
    DOMAIN = "domain"
    COMPOSITE = "composite"
    RANGE = "range"
    BASE = "base"


@dataclass(frozen=True, slots=True)
class UserType:
    """A type made by CREATE TYPE or CREATE DOMAIN; `name` as columns of it spell it.

    `labels` are an enum's values in order; `base` is what a domain stands on, `constrained` whether it has a CHECK or
    NOT NULL, and `attributes` are the names and types of a composite type.
    """

    name: str
    kind: TypeKind
    labels: tuple[str, ...] = ()
    base: str | None = None
    constrained: bool = False
    attributes: tuple[tuple[str, str], ...] = ()


class Volatility(Enum):
    """`pg_proc.provolatile` in words."""

    IMMUTABLE = "immutable"
    STABLE = "stable"
    VOLATILE = "volatile"


@dataclass(frozen=True, slots=True)
class Function:
    """A function or procedure; `name` without its schema where that is public.

    `search_path` is what SET search_path pins, None where it is the caller's. `body` is None where the code is not
    in the file (LANGUAGE c); `definition` is the whole CREATE statement of a PL/pgSQL function.
    """

    name: str
    arguments: tuple[str, ...] = ()
    returns: str | None = None
    language: str = "sql"
    volatility: Volatility = Volatility.VOLATILE
    security_definer: bool = False
    search_path: str | None = None
    body: str | None = None
    is_procedure: bool = False
    definition: str | None = field(default=None, compare=False)


class ObjectKind(Enum):
    """What is neither a relation nor a part of one that has facts of its own, in the words of SQL."""

    CONSTRAINT = "CONSTRAINT"
    DATABASE = "DATABASE"
    DOMAIN = "DOMAIN"
    EVENT_TRIGGER = "EVENT TRIGGER"
    EXTENSION = "EXTENSION"
    FUNCTION = "FUNCTION"
    LANGUAGE = "LANGUAGE"
    POLICY = "POLICY"
    PUBLICATION = "PUBLICATION"
    ROLE = "ROLE"
    RULE = "RULE"
    SCHEMA = "SCHEMA"
    STATISTICS = "STATISTICS"
    SUBSCRIPTION = "SUBSCRIPTION"
    SYSTEM = "SYSTEM"
    TABLESPACE = "TABLESPACE"
    TRIGGER = "TRIGGER"
    TYPE = "TYPE"
    OTHER = "OTHER"
