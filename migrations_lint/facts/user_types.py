"""CREATE TYPE, CREATE DOMAIN and what ALTER does to them; tables with a column of a domain are read through."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.scene import Scene
from migrations_lint.facts.types import type_text
from migrations_lint.locks import LockMode
from migrations_lint.model import (
    AddsEnumValue,
    ChangesDomain,
    CreatesType,
    DomainChange,
    Fact,
    Relation,
    RenamesEnumValue,
    TypeKind,
    UserType,
    Work,
)
from migrations_lint.parse.nodes import definition, dotted, inner, kind_of, strings, word

_DOMAIN_CHANGES = {
    "T": DomainChange.SETS_DEFAULT,
    "N": DomainChange.DROPS_NOT_NULL,
    "O": DomainChange.SETS_NOT_NULL,
    "C": DomainChange.ADDS_CONSTRAINT,
    "X": DomainChange.DROPS_CONSTRAINT,
    "V": DomainChange.VALIDATES_CONSTRAINT,
}
_READ_THE_TABLES = frozenset(
    {DomainChange.SETS_NOT_NULL, DomainChange.ADDS_CONSTRAINT, DomainChange.VALIDATES_CONSTRAINT}
)


@derives("create_enum_stmt")
def create_enum(node: Any, scene: Scene) -> Iterator[Fact]:
    """A new type; no table is touched."""
    yield CreatesType(UserType(dotted(node.type_name), TypeKind.ENUM, labels=strings(node.vals)))


@derives("alter_enum_stmt")
def alter_enum(node: Any, scene: Scene) -> Iterator[Fact]:
    """ADD VALUE and RENAME VALUE write the catalog of labels only (in a transaction from PostgreSQL 12)."""
    name = dotted(node.type_name)
    if node.old_val:
        yield RenamesEnumValue(name, node.old_val, node.new_val)
    else:
        yield AddsEnumValue(name, node.new_val, bool(node.new_val_neighbor), node.skip_if_new_val_exists)


@derives("create_domain_stmt")
def create_domain(node: Any, scene: Scene) -> Iterator[Fact]:
    """A new type; no table is touched."""
    kinds = {word(inner(constraint), "contype") for constraint in node.constraints}
    base = type_text(node.type_name)
    below = scene.schema.types.get(base)
    constrained = bool(kinds & {"CONSTR_CHECK", "CONSTR_NOTNULL"}) or (below is not None and below.constrained)
    yield CreatesType(UserType(dotted(node.domainname), TypeKind.DOMAIN, base=base, constrained=constrained))


@derives("composite_type_stmt")
def create_composite(node: Any, scene: Scene) -> Iterator[Fact]:
    """A new type; no table is touched."""
    name = scene.spelled(scene.relation(node.typevar))
    columns = [inner(item) for item in node.coldeflist if kind_of(item) == "ColumnDef"]
    attributes = tuple((column.colname, type_text(column.type_name)) for column in columns)
    yield CreatesType(UserType(name, TypeKind.COMPOSITE, attributes=attributes))


@derives("create_range_stmt")
def create_range(node: Any, scene: Scene) -> Iterator[Fact]:
    """A new type; no table is touched."""
    yield CreatesType(UserType(dotted(node.type_name), TypeKind.RANGE))


@derives("alter_domain_stmt")
def alter_domain(node: Any, scene: Scene) -> Iterator[Fact]:
    """SHARE on every table with a column of the domain, while a new rule is checked against its rows.

    VALIDATE too; NOT VALID and everything that loosens the domain take no lock (`validateDomainCheckConstraint`).
    """
    name = dotted(node.type_name)
    change = _DOMAIN_CHANGES[node.subtype]
    added = definition(node) if node.HasField("def") else None
    valid = not (kind_of(added) == "Constraint" and added.skip_validation) if added is not None else True
    users: tuple[Relation, ...] = tuple(dict.fromkeys(t.relation for t, _ in scene.schema.users_of_type(name)))
    if change in _READ_THE_TABLES and valid:
        for user in users:
            yield scene.lock(user, LockMode.SHARE, Work.SCAN)
    if change is DomainChange.ADDS_CONSTRAINT and word(added, "contype") == "CONSTR_NOTNULL":
        change = DomainChange.SETS_NOT_NULL
    yield ChangesDomain(name, change, node.name or getattr(added, "conname", "") or None, valid, users)
