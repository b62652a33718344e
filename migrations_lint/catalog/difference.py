"""How two states of a schema differ, in words: what the way down has left over, lost or changed."""

from collections.abc import Iterator, Mapping

from migrations_lint.model import Column, RelationKind
from migrations_lint.snapshot import SchemaSnapshot, Table


def differences(before: SchemaSnapshot, after: SchemaSnapshot) -> Iterator[str]:
    """Tables, columns, indexes, triggers, policies and types; names that PostgreSQL makes up itself are left out."""
    # Tables are frozen: where both states hold the same object, nothing has changed.
    named = {str(r): _shape(table) for r, table in before.tables.items() if after.tables.get(r) is not table}
    left = {str(r): _shape(table) for r, table in after.tables.items() if before.tables.get(r) is not table}
    yield from _compared("", _heads(named), _heads(left))
    for name in sorted(named.keys() & left.keys()):
        yield from _compared(name, named[name][1], left[name][1])
    yield from _compared("", _types(before), _types(after))


def _types(schema: SchemaSnapshot) -> dict[str, str]:
    """By name alone: PostgreSQL has no way to take an enum's label away, so a label too many is nobody's fault."""
    return {f"type {name}": "" for name in schema.types}


def _heads(shapes: Mapping[str, tuple[str, dict[str, str]]]) -> dict[str, str]:
    return {f"{kind} {name}": "" for name, (kind, _) in shapes.items()}


def _compared(of: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    def told(what: str) -> str:
        kind, _, name = what.partition(" ")
        return f"{kind} {of}.{name}" if of and kind == "column" else f"{what} of {of}" if of else what

    yield from (f"left over: {told(what)}" for what in sorted(after.keys() - before.keys()))
    yield from (f"lost: {told(what)}" for what in sorted(before.keys() - after.keys()))
    for what in sorted(before.keys() & after.keys()):
        if before[what] != after[what]:
            yield f"changed: {told(what)} from {before[what]} to {after[what]}"


def _shape(table: Table) -> tuple[str, dict[str, str]]:
    parts = {f"column {name}": _spelled(column) for name, column in table.columns.items()}
    if table.kind is RelationKind.VIEW:
        parts = {}  # a view's columns follow from its query, which is not compared
    parts |= {f"index {index.name.name}": "" for index in table.indexes if not index.of_constraint}
    parts |= {f"trigger {name}": "" for name in table.triggers}
    parts |= {f"policy {name}": "" for name in table.policies}
    if table.kind is not RelationKind.VIEW:
        parts["row level security"] = "on" if table.row_security else "off"
    return table.kind.value, parts


def _spelled(column: Column) -> str:
    return f"{column.type}{' NOT NULL' if column.not_null else ''}"
