"""Single statements written a little otherwise than the migration or the recipe has them."""

from collections.abc import Sequence
from dataclasses import replace

from migrations_lint.dialect import quoted, spelled
from migrations_lint.expansion.parts import together
from migrations_lint.expansion.ways_back import undo_of
from migrations_lint.model import (
    AddsColumn,
    AddsConstraint,
    ChangesColumnType,
    CreatesRelation,
    DropsRelation,
    Fix,
    Relation,
    RowChange,
)
from migrations_lint.moment import Moment
from migrations_lint.parse import tokens
from migrations_lint.parse.text import SqlText


def only_empty(moment: Moment, change: RowChange, added: frozenset[tuple[Relation, str]]) -> str | None:
    """An UPDATE that fills a new column, past the rows that the new release has written by then."""
    columns = change.columns or ()
    table = moment.before.find(change.relation)
    known = [table.columns.get(column) for column in columns] if table is not None else []
    if len(known) != 1 or known[0] is None or known[0].default is not None:
        return None
    if (change.relation, columns[0]) not in added:
        return None
    text, is_null = moment.text, f"{_target(moment.text)}.{quoted(columns[0])} IS NULL"
    if not text.has("WHERE"):
        return None if text.has("RETURNING") else text.append(f" WHERE {is_null}").sql
    head, condition = text.cut_at("WHERE").sql, text.behind("WHERE").sql
    return None if text.has("RETURNING") else f"{head} WHERE ({condition}) AND {is_null}"


def _target(text: SqlText) -> str:
    """What an UPDATE calls its table: its alias, where it has one."""
    return tokens(text.cut_at("SET").sql or "")[-1].text


def built_again(fix: Fix | None) -> Fix | None:
    """A constraint that took an index over drops it with itself; the way back of that step builds it again."""
    if fix is None:
        return None
    *others, build, using = fix.steps
    again = build.sql.replace(" CONCURRENTLY", "", 1)
    return replace(fix, steps=(*others, build, replace(using, undo=together([using.undo, again]))))


def concurrent(undo: str | None) -> str | None:
    """The index built again beside traffic too."""
    if undo is None or "CONCURRENTLY" in undo.upper():
        return undo
    return SqlText(undo).insert_after("INDEX", " CONCURRENTLY").sql or undo


def verb(moment: Moment) -> str:
    """What a statement does, in the word that a file name can begin with."""
    kinds = ((AddsColumn, "add"), (AddsConstraint, "add"), (CreatesRelation, "create"), (DropsRelation, "drop"))
    found = next((verb for kind, verb in kinds if any(True for _ in moment.all(kind))), None)
    return found or (moment.statement.sql.split() or ["change"])[0].lower()


def type_before(moment: Moment, change: ChangesColumnType, own: Sequence[str]) -> str | None:
    """What gives a column its old type back."""
    back = f"ALTER TABLE {spelled(change.relation)} ALTER COLUMN {quoted(change.column)} TYPE {change.before}"
    return undo_of(moment, frozenset({change.column}), own) or (back if change.before else None)
