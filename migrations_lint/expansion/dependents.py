"""What hangs on a column and has to move with it to another one; or why it cannot."""

from collections.abc import Iterator
from dataclasses import dataclass

from migrations_lint.dialect import quoted
from migrations_lint.model import Constraint, ConstraintKind, Relation, RelationKind
from migrations_lint.parse import tokens
from migrations_lint.parse.alter import unquoted
from migrations_lint.snapshot import Index, SchemaSnapshot, Table

_KEYS = frozenset({ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE})


@dataclass(frozen=True, slots=True)
class Dependents:
    """`keys` are PRIMARY KEY and UNIQUE constraints, `checks` CHECKs and foreign keys of the table itself.

    `indexes` are those of no constraint, `references` the foreign keys that point to the column, with their tables;
    `sequence` is what the column counts with.
    """

    keys: tuple[Constraint, ...]
    checks: tuple[Constraint, ...]
    indexes: tuple[Index, ...]
    references: tuple[tuple[Table, Constraint], ...]
    sequence: Relation | None


def dependents_of(schema: SchemaSnapshot, table: Table, column: str) -> Dependents | str:
    """What the history knows to hang on a column; a sentence where something cannot follow it to another one."""
    objection = next(_objections(schema, table, column), None)
    if objection is not None:
        return objection
    own = [each for each in table.constraints_on(column) if each.kind is not ConstraintKind.NOT_NULL]
    sequence = next((each.relation for each in schema.owned_sequences(table.relation, column)), None)
    return Dependents(
        tuple(each for each in own if each.kind in _KEYS),
        tuple(each for each in own if each.kind not in _KEYS),
        tuple(index for index in table.indexes if not index.of_constraint and _touches(index, column)),
        tuple(_references(schema, table, column)),
        sequence,
    )


def key_of(table: Table | None) -> str | None:
    """The column that tells the rows apart by itself, by which a change of all rows can go."""
    key = table.primary_key if table is not None else None
    return key.columns[0] if key is not None and len(key.columns) == 1 else None


def _references(schema: SchemaSnapshot, table: Table, column: str) -> Iterator[tuple[Table, Constraint]]:
    own = ((table, each) for each in table.constraints.values() if each.references == table.relation)
    for other, key in (*own, *schema.foreign_keys_to(table.relation)):
        if column in schema.columns_referenced(key):
            yield other, key


def _objections(schema: SchemaSnapshot, table: Table, column: str) -> Iterator[str]:
    what = f"{table.relation}.{column}"
    if table.kind is not RelationKind.TABLE or table.partition_of is not None:
        yield f"{table.relation} is partitioned, and a column cannot be swapped beside traffic there"
    if table.inherits or any(True for _ in schema.children(table.relation)):
        yield f"{table.relation} shares its columns with others by inheritance"
    for view in schema.views_over(table.relation):
        if table.relation in view.reads and {column, "*"} & set(view.mentions):
            yield f"the view {view.relation} reads {what}; drop it first, PostgreSQL refuses the change too"
    for policy in table.policies.values():
        if column in policy.mentions:
            yield f"the policy {policy.name} of {table.relation} reads {column}; PostgreSQL refuses the change too"
    for other in table.columns.values():
        if column in other.reads:
            yield f"{table.relation}.{other.name} is computed from {column}"
    if table.relation in schema.statistics.values():
        yield f"{table.relation} has extended statistics, which would be lost with the old column"
    yield from _constraint_objections(schema, table, column)
    for index in table.indexes:
        in_expression = any(each.startswith("(") and _names(each, column) for each in index.columns)
        if in_expression or (_touches(index, column) and not index.plain):
            yield f"the index {index.name} has {column} in an expression or with an order or operator class of its own"


def _constraint_objections(schema: SchemaSnapshot, table: Table, column: str) -> Iterator[str]:
    for each in table.constraints_on(column):
        if each.kind is ConstraintKind.EXCLUDE or each.deferrable:
            kind = "an exclusion constraint" if each.kind is ConstraintKind.EXCLUDE else "deferrable"
            yield f"{each.name} of {table.relation} is {kind}, which is not built beside traffic"
        if each.kind is ConstraintKind.CHECK and each.expression is None:
            yield f"the history does not tell what {each.name} of {table.relation} checks"
        if each.references == table.relation and column in schema.columns_referenced(each):
            yield f"{each.name} points from {column} to itself"


def _touches(index: Index, column: str) -> bool:
    return column in (*index.columns, *index.included) or _names(index.predicate or "", column)


def _names(sql: str, column: str) -> bool:
    return any(unquoted(token.text) == column for token in tokens(sql))


def renamed_in(sql: str, column: str, to: str) -> str:
    """An expression with another column in the place of one; what is called like it but is a function stays."""
    found = tokens(sql)
    parts, at = [], 0
    for number, token in enumerate(found):
        called = number + 1 < len(found) and found[number + 1].text == "("
        if not called and token.text[:1] != "'" and unquoted(token.text) == column:
            parts += [sql[at : token.start], quoted(to)]
            at = token.end
    return "".join([*parts, sql[at:]])
