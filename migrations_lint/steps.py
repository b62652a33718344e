"""A statement's safe form put together: the steps, each with the place that it needs."""

from collections.abc import Iterable

from migrations_lint.model import Direction, Fact, Fix, LockFact, Place, Statement, Step
from migrations_lint.parse.text import SqlText

# Their text is not what does the harm: that is in a body, which a fix does not look into.
_WITH_BODIES = frozenset({"do_stmt", "call_stmt", "select_stmt", "create_function_stmt"})


def fix_of(
    statement: Statement,
    direction: Direction,
    *steps: Step | None,
    facts: Iterable[Fact] = (),
    undo: str | None = None,
    unsafe: str | None = None,
) -> Fix | None:
    """These steps in place of a statement with its facts; None where one of them found no place in its text."""
    found = tuple(step for step in steps if step is not None)
    fragment = statement.fragment
    if len(found) < len(steps) or statement.kind in _WITH_BODIES:
        return None
    end = fragment.in_file(statement.end) if fragment.verbatim else fragment.end
    tables = tuple(sorted({fact.relation.name for fact in facts if isinstance(fact, LockFact)}))
    return Fix(direction, statement.sql, fragment.in_file(statement.start), end, found, undo, unsafe, tables)


def here(sql: SqlText | str, *, undo: str | None = None) -> Step | None:
    """A step in the transaction of the statement, or of the step before."""
    return _step(sql, Place.HERE, undo)


def alone(sql: SqlText | str, *, undo: str | None = None) -> Step | None:
    """A step outside of any transaction."""
    return _step(sql, Place.ALONE, undo)


def later(sql: SqlText | str, *, undo: str | None = None) -> Step | None:
    """A step in a new transaction, once everything before it is committed."""
    return _step(sql, Place.LATER, undo)


def _step(sql: SqlText | str, place: Place, undo: str | None) -> Step | None:
    text = sql.sql if isinstance(sql, SqlText) else sql
    return None if text is None else Step(text.strip(), place, undo)
