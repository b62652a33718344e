"""One fact carried out on a schema; the modules beside this one say what each kind of fact does."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import singledispatch
from typing import TypeVar

from migrations_lint.model import Column, Relation
from migrations_lint.snapshot import SchemaSnapshot, Table

K = TypeVar("K")
V = TypeVar("V")


@singledispatch
def step(fact: object, schema: SchemaSnapshot) -> None:
    """Locks, row changes and settings leave the schema as it is."""


def family(schema: SchemaSnapshot, relation: Relation) -> list[Table]:
    """A table, its partitions and those that inherit from it; none where it is not known."""
    table = schema.find(relation)
    return [table, *schema.children(relation)] if table is not None else []


def change_columns(
    schema: SchemaSnapshot, relation: Relation, names: Iterable[str], change: Callable[[Column], Column]
) -> None:
    """Put changed columns in the place of those of these names."""
    table = schema.find(relation)
    if table is not None:
        chosen = set(names)
        columns = {name: change(column) if name in chosen else column for name, column in table.columns.items()}
        schema.put(replace(table, columns=columns))


def without(mapping: Mapping[K, V], key: K) -> dict[K, V]:
    """The mapping less one key."""
    return {known: value for known, value in mapping.items() if known != key}
