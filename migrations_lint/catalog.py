"""The schema as the migrations so far have built it: replays facts onto a SchemaSnapshot."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import singledispatch
from typing import TypeVar

from migrations_lint.model import (
    AddsColumn,
    AddsConstraint,
    ChangesColumnType,
    Column,
    Constraint,
    ConstraintKind,
    CreatesIndex,
    CreatesRelation,
    DropsColumn,
    DropsConstraint,
    DropsIndex,
    DropsRelation,
    Fact,
    Relation,
    RelationKind,
    RenamesColumn,
    RenamesRelation,
    SetsDefault,
    SetsNotNull,
    ValidatesConstraint,
)
from migrations_lint.snapshot import Index, SchemaSnapshot, Table

T = TypeVar("T")


def replay(facts: Iterable[Fact], schema: SchemaSnapshot) -> None:
    """Carry out on the snapshot what the facts say of it; facts that change no schema are passed over."""
    for fact in facts:
        _replay(fact, schema)


@singledispatch
def _replay(fact: object, schema: SchemaSnapshot) -> None:
    """Locks, row changes and settings leave the schema as it is."""


@_replay.register
def _(fact: CreatesRelation, schema: SchemaSnapshot) -> None:
    known = schema.find(fact.relation)
    if known is not None and (fact.if_not_exists or fact.kind is RelationKind.SEQUENCE):
        schema.put(replace(known, owned_by=fact.owned_by or known.owned_by))
        return
    schema.put(
        Table(
            fact.relation,
            fact.kind,
            columns={column.name: column for column in fact.columns},
            constraints={constraint.name: constraint for constraint in fact.constraints},
            partition_of=fact.partition_of,
            is_default_partition=fact.is_default_partition,
            inherits=fact.inherits,
            reads=fact.reads,
            owned_by=fact.owned_by,
            certain=not fact.if_not_exists,
        )
    )
    for constraint in fact.constraints:
        if constraint.kind is ConstraintKind.PRIMARY_KEY:
            _columns(schema, fact.relation, constraint.columns, lambda column: replace(column, not_null=True))


@_replay.register
def _(fact: DropsRelation, schema: SchemaSnapshot) -> None:
    schema.tables.pop(fact.relation, None)


@_replay.register
def _(fact: RenamesRelation, schema: SchemaSnapshot) -> None:
    if fact.kind is not RelationKind.INDEX:
        schema.rename(fact.relation, fact.to)
        return
    table = schema.table_of_index(fact.relation)
    if table is not None:
        renamed = [replace(i, name=fact.to) if i.name == fact.relation else i for i in table.indexes]
        schema.put(replace(table, indexes=tuple(renamed)))


@_replay.register
def _(fact: AddsColumn, schema: SchemaSnapshot) -> None:
    for table in _family(schema, fact.relation):
        if fact.column.name not in table.columns:
            schema.put(replace(table, columns={**table.columns, fact.column.name: fact.column}))


@_replay.register
def _(fact: DropsColumn, schema: SchemaSnapshot) -> None:
    for table in _family(schema, fact.relation):
        schema.put(
            replace(
                table,
                columns=_without(table.columns, fact.column),
                constraints={n: c for n, c in table.constraints.items() if fact.column not in c.columns},
                indexes=tuple(index for index in table.indexes if fact.column not in index.columns),
            )
        )


@_replay.register
def _(fact: RenamesColumn, schema: SchemaSnapshot) -> None:
    def new(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(fact.to if name == fact.column else name for name in names)

    for table in _family(schema, fact.relation):
        columns = {
            fact.to if name == fact.column else name: replace(column, name=fact.to) if name == fact.column else column
            for name, column in table.columns.items()
        }
        constraints = {
            name: replace(c, columns=new(c.columns), not_null_columns=new(c.not_null_columns))
            for name, c in table.constraints.items()
        }
        indexes = tuple(replace(index, columns=new(index.columns)) for index in table.indexes)
        schema.put(replace(table, columns=columns, constraints=constraints, indexes=indexes))


@_replay.register
def _(fact: ChangesColumnType, schema: SchemaSnapshot) -> None:
    for table in _family(schema, fact.relation):
        _columns(schema, table.relation, (fact.column,), lambda column: replace(column, type=fact.type))


@_replay.register
def _(fact: SetsNotNull, schema: SchemaSnapshot) -> None:
    for table in _family(schema, fact.relation):
        _columns(schema, table.relation, (fact.column,), lambda column: replace(column, not_null=fact.required))


@_replay.register
def _(fact: SetsDefault, schema: SchemaSnapshot) -> None:
    _columns(schema, fact.relation, (fact.column,), lambda column: replace(column, default=fact.default))


@_replay.register
def _(fact: AddsConstraint, schema: SchemaSnapshot) -> None:
    constraint = fact.constraint
    for table in _family(schema, fact.relation):
        schema.put(replace(table, constraints={**table.constraints, constraint.name: constraint}))
        if constraint.kind in {ConstraintKind.PRIMARY_KEY, ConstraintKind.NOT_NULL} and constraint.valid:
            _columns(schema, table.relation, constraint.columns, lambda column: replace(column, not_null=True))


@_replay.register
def _(fact: DropsConstraint, schema: SchemaSnapshot) -> None:
    for table in _family(schema, fact.relation):
        name = Relation(table.relation.schema, fact.name)
        schema.put(
            replace(
                table,
                constraints=_without(table.constraints, fact.name),
                indexes=tuple(index for index in table.indexes if index.name != name),
            )
        )


@_replay.register
def _(fact: ValidatesConstraint, schema: SchemaSnapshot) -> None:
    for table in _family(schema, fact.relation):
        constraint = table.constraints.get(fact.name)
        if constraint is not None:
            valid: Constraint = replace(constraint, valid=True)
            schema.put(replace(table, constraints={**table.constraints, fact.name: valid}))


@_replay.register
def _(fact: CreatesIndex, schema: SchemaSnapshot) -> None:
    table = schema.find(fact.relation)
    if table is not None:
        schema.put(replace(table, indexes=(*table.indexes, Index(fact.index, fact.columns, fact.unique))))


@_replay.register
def _(fact: DropsIndex, schema: SchemaSnapshot) -> None:
    table = schema.find(fact.relation) if fact.relation else None
    if table is not None:
        schema.put(replace(table, indexes=tuple(index for index in table.indexes if index.name != fact.index)))


def _family(schema: SchemaSnapshot, relation: Relation) -> list[Table]:
    table = schema.find(relation)
    return [table, *schema.children(relation)] if table is not None else []


def _columns(
    schema: SchemaSnapshot, relation: Relation, names: Iterable[str], change: Callable[[Column], Column]
) -> None:
    table = schema.find(relation)
    if table is not None:
        chosen = set(names)
        columns = {name: change(column) if name in chosen else column for name, column in table.columns.items()}
        schema.put(replace(table, columns=columns))


def _without(mapping: Mapping[str, T], name: str) -> dict[str, T]:
    return {key: value for key, value in mapping.items() if key != name}
