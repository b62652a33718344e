"""A column as CREATE TABLE or ADD COLUMN declares it, and what adding it costs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from migrations_lint.facts.calls import calls_in
from migrations_lint.facts.constraints import INDEXED, declared, read_constraint
from migrations_lint.facts.expressions import columns_of, sequences_of, summary, volatility
from migrations_lint.facts.in_place import column_in_place
from migrations_lint.facts.scene import Scene
from migrations_lint.facts.types import is_built_in, serial_of, type_text
from migrations_lint.locks import LockMode
from migrations_lint.model import (
    AddsColumn,
    Column,
    Constraint,
    ConstraintKind,
    CreatesRelation,
    Fact,
    Relation,
    RelationKind,
    Work,
)
from migrations_lint.parse import text_of
from migrations_lint.parse.nodes import by_kind, dotted, inner, word

_GENERATED = {"s": "stored", "v": "virtual"}


@dataclass(frozen=True, slots=True)
class Declared:
    """A column definition read: the column, its constraints, the sequence it brings, how sure its default is."""

    column: Column
    constraints: tuple[Constraint, ...]
    sequence: Relation | None
    uses_sequences: tuple[Relation, ...]
    assumed: bool


def read_column(node: Any, relation: Relation, scene: Scene) -> Declared:
    """A ColumnDef node as values."""
    spelled = type_text(node.type_name)
    parts = [inner(constraint) for constraint in node.constraints]
    by_kind = {word(part, "contype"): part for part in parts}
    default = by_kind.get("CONSTR_DEFAULT")
    generated = by_kind.get("CONSTR_GENERATED")
    identity = "CONSTR_IDENTITY" in by_kind
    serial = serial_of(spelled)
    volatile, assumed = volatility(default.raw_expr, scene.schema.functions) if default is not None else (False, False)
    constraints = [read_constraint(part, relation, scene, node.colname) for part in parts]
    names = sequences_of(default.raw_expr) if default is not None else iter(())
    return Declared(
        Column(
            node.colname,
            serial or spelled,
            not_null=bool(serial) or identity or bool({"CONSTR_NOTNULL", "CONSTR_PRIMARY"} & set(by_kind)),
            default=summary(default.raw_expr) if default is not None else ("nextval()" if serial else None),
            volatile_default=volatile or bool(serial),
            identity=identity,
            generated=_GENERATED.get(generated.generated_kind, "stored") if generated is not None else None,
            serial=bool(serial),
            domain=_is_constrained_domain(spelled, scene),
            collation=dotted(node.coll_clause.collname) if node.HasField("coll_clause") else None,
            reads=columns_of(generated.raw_expr) if generated is not None else (),
            default_sql=text_of(default.raw_expr) if default is not None else None,
            always=identity and by_kind["CONSTR_IDENTITY"].generated_when == "a",
        ),
        tuple(constraint for constraint in constraints if constraint is not None),
        scene.beside(relation, f"{relation.name}_{node.colname}_seq") if serial or identity else None,
        tuple(_sequence(name, relation, scene) for name in names),
        assumed or not (is_built_in(spelled) or spelled in scene.schema.types),
    )


def add_column(node: Any, relation: Relation, scene: Scene, *, only: bool, if_not_exists: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE; a rewrite for a volatile default, serial, identity or stored generated column.

    A constant or stable default is stored in the catalog and rewrites nothing (PostgreSQL 11 and newer).
    """
    table = scene.table(relation)
    read = read_column(node, relation, scene)
    column = read.column
    if if_not_exists and table is not None and column.name in table.columns:
        yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE)
        yield from column_in_place(table, column)
        return
    rewrites = column.volatile_default or column.identity or column.generated == "stored" or column.domain
    empty = column.default is None and not column.identity and column.generated is None
    # PostgreSQL looks for rows, all of which have a NULL there, and fails at the first.
    work = Work.REWRITE if rewrites else Work.SCAN if column.not_null and empty else Work.INSTANT
    yield from scene.lock_family(
        relation, LockMode.ACCESS_EXCLUSIVE, work, only=only, assumed=read.assumed and rewrites
    )
    if read.sequence is not None:
        yield scene.new(read.sequence, RelationKind.SEQUENCE)
        yield CreatesRelation(read.sequence, RelationKind.SEQUENCE, owned_by=(relation, column.name))
    for sequence in read.uses_sequences:
        yield scene.lock(sequence, LockMode.ROW_EXCLUSIVE)
    for part in map(inner, node.constraints):
        if word(part, "contype") == "CONSTR_DEFAULT":
            yield from calls_in(part, by_kind(part), scene)
    yield AddsColumn(relation, column, if_not_exists, read.constraints)
    for constraint in read.constraints:
        yield from _with_constraint(constraint, column, relation, scene, only=only)


def _with_constraint(
    constraint: Constraint, column: Column, relation: Relation, scene: Scene, *, only: bool
) -> Iterator[Fact]:
    if constraint.kind is ConstraintKind.NOT_NULL:
        return
    work = Work.SCAN
    if constraint.kind in INDEXED:
        work = Work.INDEX_BUILD
    elif constraint.kind is ConstraintKind.FOREIGN_KEY:
        # Without a default every value is NULL, and PostgreSQL knows that nothing has to be looked up.
        work = Work.SCAN if column.default is not None else Work.INSTANT
        assert constraint.references is not None
        if constraint.references != relation:
            yield from scene.lock_family(
                constraint.references, LockMode.SHARE_ROW_EXCLUSIVE, work, assumed=work is Work.SCAN
            )
    yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, work, only=only)
    yield from declared(constraint, relation, scene, inline=True)


def _is_constrained_domain(spelled: str, scene: Scene) -> bool:
    """Whether it is a domain with a CHECK or NOT NULL, whose NULLs PostgreSQL checks by writing the table anew."""
    known = scene.schema.types.get(spelled.removesuffix("[]"))
    return known is not None and known.constrained and not spelled.endswith("[]")


def _sequence(name: str, relation: Relation, scene: Scene) -> Relation:
    schema, _, bare = name.rpartition(".")
    return Relation(schema.strip('"') or scene.search_path[0], bare.strip('"'))
