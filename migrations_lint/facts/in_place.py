"""What IF NOT EXISTS finds in place of what the statement would have made, and how the two differ."""

from collections.abc import Iterable, Iterator

from migrations_lint.model import Column, CreatesIndex, Fact, FindsInPlace
from migrations_lint.snapshot import Index, Table


def table_in_place(known: Table, columns: Iterable[Column]) -> Iterator[Fact]:
    """A table; columns that only the one in place has were added later, and are no difference."""
    differs = tuple(text for column in columns for text in _of_column(known, column))
    yield FindsInPlace(known.relation, f"table {known.relation}", differs if known.complete else ())


def column_in_place(known: Table, column: Column) -> Iterator[Fact]:
    """A column."""
    yield FindsInPlace(known.relation, f"column {known.relation}.{column.name}", tuple(_of_column(known, column)))


def index_in_place(known: Table, wanted: CreatesIndex) -> Iterator[Fact]:
    """An index, on this table or on another."""
    index = next(one for one in known.indexes if one.name == wanted.index)
    differs = tuple(_of_index(known, index, wanted))
    yield FindsInPlace(known.relation, f"index {wanted.index.name}", differs)


def _of_column(known: Table, wanted: Column) -> Iterator[str]:
    there = known.columns.get(wanted.name)
    if there is None:
        yield f"no column {wanted.name}"
    elif there.type != wanted.type:
        yield f"{wanted.name} is {there.type}, not {wanted.type}"
    elif wanted.not_null and not there.not_null:
        yield f"{wanted.name} may be NULL"


def _of_index(known: Table, index: Index, wanted: CreatesIndex) -> Iterator[str]:
    if known.relation != wanted.relation:
        yield f"it is on {known.relation}, not on {wanted.relation}"
    if index.columns != wanted.columns:
        yield f"it is on ({', '.join(index.columns)}), not on ({', '.join(wanted.columns)})"
    if index.unique != wanted.unique:
        yield "it is unique" if index.unique else "it is not unique"
    if index.predicate != wanted.predicate:
        yield f"its condition is {index.predicate or 'none'}, not {wanted.predicate or 'none'}"
