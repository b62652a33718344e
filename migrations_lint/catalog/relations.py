"""Relations and their columns: what the facts about them change in the schema."""

from dataclasses import replace

from migrations_lint.catalog.indexes import names_column, with_column_renamed
from migrations_lint.catalog.step import change_columns, family, step, without
from migrations_lint.model import (
    AddsColumn,
    ChangesColumnType,
    ChangesSequence,
    Column,
    ConstraintKind,
    CreatesRelation,
    DropsColumn,
    DropsRelation,
    RelationKind,
    RenamesColumn,
    RenamesRelation,
    SetsDefault,
    SetsExpression,
    SetsIdentity,
    SetsNotNull,
    TableProperty,
)
from migrations_lint.snapshot import SchemaSnapshot, Table

# ALTER DEFAULT PRIVILEGES … ON TABLES: tables and views alike.
_TABLES = frozenset(RelationKind) - {RelationKind.SEQUENCE, RelationKind.INDEX}


@step.register
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
            certain=not fact.may_exist,
            complete=fact.complete,
            mentions=fact.mentions,
            partition_key=fact.partition_key,
            bound=fact.bound,
            data_type=fact.data_type,
            granted=schema.granted_to(fact.relation.schema) if fact.kind in _TABLES else frozenset(),
            properties={TableProperty.LOGGED: "no" if fact.unlogged else "yes"},
        )
    )
    for constraint in fact.constraints:
        if constraint.kind is ConstraintKind.PRIMARY_KEY:
            change_columns(schema, fact.relation, constraint.columns, lambda column: replace(column, not_null=True))


@step.register
def _(fact: DropsRelation, schema: SchemaSnapshot) -> None:
    schema.tables.pop(fact.relation, None)


@step.register
def _(fact: RenamesRelation, schema: SchemaSnapshot) -> None:
    if fact.kind is not RelationKind.INDEX:
        schema.rename(fact.relation, fact.to)
        return
    table = schema.table_of_index(fact.relation)
    if table is not None:
        renamed = [replace(i, name=fact.to) if i.name == fact.relation else i for i in table.indexes]
        schema.put(replace(table, indexes=tuple(renamed)))


@step.register
def _(fact: AddsColumn, schema: SchemaSnapshot) -> None:
    for table in family(schema, fact.relation):
        if fact.column.name not in table.columns:
            schema.put(replace(table, columns={**table.columns, fact.column.name: fact.column}))


@step.register
def _(fact: DropsColumn, schema: SchemaSnapshot) -> None:
    for table in family(schema, fact.relation):
        schema.put(
            replace(
                table,
                columns=without(table.columns, fact.column),
                constraints={n: c for n, c in table.constraints.items() if fact.column not in c.columns},
                indexes=tuple(index for index in table.indexes if not names_column(index, fact.column)),
            )
        )


@step.register
def _(fact: RenamesColumn, schema: SchemaSnapshot) -> None:
    def new(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(fact.to if name == fact.column else name for name in names)

    for table in family(schema, fact.relation):
        columns = {
            fact.to if name == fact.column else name: replace(column, name=fact.to) if name == fact.column else column
            for name, column in table.columns.items()
        }
        constraints = {
            name: replace(c, columns=new(c.columns), not_null_columns=new(c.not_null_columns))
            for name, c in table.constraints.items()
        }
        indexes = tuple(with_column_renamed(index, fact.column, fact.to) for index in table.indexes)
        schema.put(replace(table, columns=columns, constraints=constraints, indexes=indexes))


@step.register
def _(fact: ChangesColumnType, schema: SchemaSnapshot) -> None:
    for table in family(schema, fact.relation):
        change_columns(
            schema,
            table.relation,
            (fact.column,),
            lambda column: replace(column, type=fact.type, collation=fact.collation or column.collation),
        )


@step.register
def _(fact: SetsNotNull, schema: SchemaSnapshot) -> None:
    for table in family(schema, fact.relation):
        change_columns(schema, table.relation, (fact.column,), lambda column: replace(column, not_null=fact.required))


@step.register
def _(fact: SetsDefault, schema: SchemaSnapshot) -> None:
    change_columns(schema, fact.relation, (fact.column,), lambda column: _with_default(column, fact))


def _with_default(column: Column, fact: SetsDefault) -> Column:
    return replace(column, default=fact.default, default_sql=fact.default_sql)


@step.register
def _(fact: SetsIdentity, schema: SchemaSnapshot) -> None:
    change_columns(
        schema,
        fact.relation,
        (fact.column,),
        lambda column: replace(column, identity=fact.identity, always=fact.always),
    )


@step.register
def _(fact: SetsExpression, schema: SchemaSnapshot) -> None:
    if fact.expression is None:
        for table in family(schema, fact.relation):
            change_columns(
                schema, table.relation, (fact.column,), lambda column: replace(column, generated=None, reads=())
            )


@step.register
def _(fact: ChangesSequence, schema: SchemaSnapshot) -> None:
    table = schema.find(fact.relation)
    if table is not None and fact.data_type is not None:
        schema.put(replace(table, data_type=fact.data_type))
