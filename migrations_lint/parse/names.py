"""The tables and columns that a statement names, for telling what code would miss."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migrations_lint.model import Fragment, Source
from migrations_lint.parse.libpg import parse
from migrations_lint.parse.nodes import inner, kind_of, strings, walk


@dataclass(frozen=True, slots=True)
class Names:
    """What one text of SQL names.

    `tables` maps each alias, or the table's own name, to the table's name; `columns` are pairs of what stands before
    the dot (empty where nothing does) and the column's name.
    """

    tables: Mapping[str, str]
    columns: frozenset[tuple[str, str]]

    def names_column(self, table: str, column: str) -> bool | None:
        """Whether it names that column of that table; None where another of its tables may be meant."""
        if table not in self.tables.values():
            return False
        qualifiers = {before for before, name in self.columns if name == column}
        if any(self.tables.get(before, before) == table for before in qualifiers if before):
            return True
        if "" not in qualifiers:
            return False
        return True if set(self.tables.values()) == {table} else None


def names_in(sql: str) -> Names | None:
    """The names in all statements of a text; None where PostgreSQL's grammar refuses it."""
    parsed = parse(Fragment(sql, Source(Path(), sql), 0, len(sql)))
    if parsed.errors or not parsed.statements:
        return None
    tables: dict[str, str] = {}
    columns: set[tuple[str, str]] = set()
    for statement in parsed.statements:
        for node in walk(statement.node):
            match kind_of(node):
                case "RangeVar":
                    tables[node.alias.aliasname or node.relname] = node.relname
                case "ColumnRef":
                    columns |= set(_referenced(node))
        columns |= {("", name) for name in _targets(statement.node)}
    return Names(tables, frozenset(columns))


def _referenced(node: Any) -> Iterator[tuple[str, str]]:
    parts = strings(node.fields)
    if parts:
        yield (parts[-2] if len(parts) > 1 else "", parts[-1])


def _targets(node: Any) -> Iterator[str]:
    """The columns that INSERT and UPDATE write."""
    for part in walk(node):
        kind = kind_of(part)
        if kind == "InsertStmt":
            yield from (inner(column).name for column in part.cols)
        elif kind in {"UpdateStmt", "OnConflictClause"}:
            yield from (inner(target).name for target in part.target_list)
        elif kind == "InferClause":
            yield from (inner(element).name for element in part.index_elems if inner(element).name)
