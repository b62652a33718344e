"""Constraints and indexes: what the facts about them change in the schema."""

from dataclasses import replace

from migrations_lint.catalog.step import change_columns, family, step, without
from migrations_lint.model import (
    AddsConstraint,
    AttachesIndex,
    ChangesConstraint,
    Constraint,
    ConstraintKind,
    CreatesIndex,
    DropsConstraint,
    DropsIndex,
    Relation,
    ValidatesConstraint,
)
from migrations_lint.snapshot import Index, SchemaSnapshot


@step.register
def _(fact: AddsConstraint, schema: SchemaSnapshot) -> None:
    constraint = fact.constraint
    for table in family(schema, fact.relation):
        indexes = tuple(_taken_over(index, constraint) for index in table.indexes)
        schema.put(replace(table, constraints={**table.constraints, constraint.name: constraint}, indexes=indexes))
        if constraint.kind in {ConstraintKind.PRIMARY_KEY, ConstraintKind.NOT_NULL} and constraint.valid:
            change_columns(schema, table.relation, constraint.columns, lambda column: replace(column, not_null=True))


def _taken_over(index: Index, constraint: Constraint) -> Index:
    """USING INDEX gives the index the constraint's name."""
    if index.name.name != constraint.using_index:
        return index
    return replace(index, name=Relation(index.name.schema, constraint.name), of_constraint=True)


@step.register
def _(fact: ChangesConstraint, schema: SchemaSnapshot) -> None:
    for table in family(schema, fact.relation):
        constraint = table.constraints.get(fact.name)
        if constraint is not None:
            changed = replace(
                constraint,
                deferrable=constraint.deferrable if fact.deferrable is None else fact.deferrable,
                enforced=constraint.enforced if fact.enforced is None else fact.enforced,
                inherited=constraint.inherited if fact.inherited is None else fact.inherited,
            )
            schema.put(replace(table, constraints={**table.constraints, fact.name: changed}))


@step.register
def _(fact: DropsConstraint, schema: SchemaSnapshot) -> None:
    for table in family(schema, fact.relation):
        name = Relation(table.relation.schema, fact.name)
        schema.put(
            replace(
                table,
                constraints=without(table.constraints, fact.name),
                indexes=tuple(index for index in table.indexes if index.name != name),
            )
        )


@step.register
def _(fact: ValidatesConstraint, schema: SchemaSnapshot) -> None:
    for table in family(schema, fact.relation):
        constraint = table.constraints.get(fact.name)
        if constraint is not None:
            valid: Constraint = replace(constraint, valid=True)
            schema.put(replace(table, constraints={**table.constraints, fact.name: valid}))


@step.register
def _(fact: CreatesIndex, schema: SchemaSnapshot) -> None:
    table = schema.find(fact.relation)
    if table is not None:
        index = Index(
            fact.index,
            fact.columns,
            fact.unique,
            fact.method,
            fact.predicate,
            fact.included,
            fact.plain,
            fact.of_constraint,
        )
        schema.put(replace(table, indexes=(*table.indexes, index)))


@step.register
def _(fact: DropsIndex, schema: SchemaSnapshot) -> None:
    table = schema.find(fact.relation) if fact.relation else None
    if table is not None:
        schema.put(replace(table, indexes=tuple(index for index in table.indexes if index.name != fact.index)))


@step.register
def _(fact: AttachesIndex, schema: SchemaSnapshot) -> None:
    table = schema.table_of_index(fact.index)
    if table is not None:
        indexes = [replace(i, part_of=fact.parent) if i.name == fact.index else i for i in table.indexes]
        schema.put(replace(table, indexes=tuple(indexes)))
