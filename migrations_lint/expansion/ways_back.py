"""What takes a statement back that runs as it is: from the migration's own way back, else from what it makes."""

from collections.abc import Sequence

from migrations_lint.dialect import quoted, spelled
from migrations_lint.model import (
    AddsColumn,
    AddsConstraint,
    CreatesIndex,
    CreatesRelation,
    Fact,
    Migration,
    RelationKind,
    SetsDefault,
    SetsNotNull,
)
from migrations_lint.moment import Moment
from migrations_lint.outline import Piece, outline
from migrations_lint.parse import tokens
from migrations_lint.parse.alter import alter_table, unquoted

_KINDS = {
    RelationKind.TABLE: "TABLE",
    RelationKind.PARTITIONED_TABLE: "TABLE",
    RelationKind.VIEW: "VIEW",
    RelationKind.MATERIALIZED_VIEW: "MATERIALIZED VIEW",
    RelationKind.SEQUENCE: "SEQUENCE",
}
_TAKES_BACK = frozenset({"DROP", "ALTER", "CREATE"})


def single(sql: str) -> tuple[str, ...]:
    """A statement, an ALTER TABLE with several commands as one statement each."""
    alter = alter_table(sql)
    if alter is None or len(alter.commands) < 2:
        return (sql,)
    return tuple(alter.companion((command.sql or "").strip()) for command in alter.commands)


def own_way_back(migration: Migration) -> tuple[str, ...]:
    """The statements of the migration's way back, timeouts and transactions aside."""
    pieces = [
        piece for fragment in (migration.down.fragments if migration.down else ()) for piece in outline(fragment.sql)
    ]
    return tuple(sql for piece in pieces if not is_frame(piece) for sql in single(piece.sql))


def is_frame(piece: Piece) -> bool:
    """BEGIN, COMMIT, SET and their like, which belong to a file and not to a change."""
    return piece.opens_transaction or piece.ends_transaction or piece.words[:1] in {("SET",), ("RESET",)}


def names_in(sql: str) -> frozenset[str]:
    """The words of a statement as the catalog would store them."""
    return frozenset(unquoted(token.text) for token in tokens(sql))


def undo_of(moment: Moment, makes: frozenset[str], own: Sequence[str]) -> str | None:
    """The statement of the way back that names what this one makes; else the plain opposite; None where unknown."""
    table = moment.alter_table.table if moment.alter_table else None
    for statement in own:
        words = names_in(statement)
        is_opposite = statement.split()[0].upper() in _TAKES_BACK and makes & words
        if is_opposite and (table is None or unquoted(table.rpartition(".")[2]) in words):
            return statement
    for fact in moment.facts:
        found = _opposite(fact, moment)
        if found is not None:
            return found
    return None


def _opposite(fact: Fact, moment: Moment) -> str | None:
    match fact:
        case AddsColumn(relation=relation, column=column):
            return f"ALTER TABLE {spelled(relation)} DROP COLUMN {quoted(column.name)}"
        case AddsConstraint(relation=relation, constraint=constraint, inline=False):
            return f"ALTER TABLE {spelled(relation)} DROP CONSTRAINT {quoted(constraint.name)}"
        case CreatesRelation(relation=relation, kind=kind) if kind in _KINDS:
            return f"DROP {_KINDS[kind]} {spelled(relation)}"
        case CreatesIndex(index=index, of_constraint=False, concurrently=concurrently):
            return f"DROP INDEX {'CONCURRENTLY IF EXISTS ' if concurrently else ''}{spelled(index)}"
        case SetsNotNull(relation=relation, column=name, required=required):
            return (
                f"ALTER TABLE {spelled(relation)} ALTER COLUMN {quoted(name)} {'DROP' if required else 'SET'} NOT NULL"
            )
        case SetsDefault(relation=relation, column=name):
            table = moment.before.find(relation)
            before = table.columns.get(name) if table is not None else None
            if before is None or (before.default is not None and before.default_sql is None):
                return None
            set_back = f"SET DEFAULT {before.default_sql}" if before.default_sql else "DROP DEFAULT"
            return f"ALTER TABLE {spelled(relation)} ALTER COLUMN {quoted(name)} {set_back}"
    return None
