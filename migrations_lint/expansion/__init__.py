"""Expand and contract: an unsafe migration split into safe ones, each with its moment of the release.

Nothing is written here: the answer is what runs when, and `files` says it in the files of the migration's own tool.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from migrations_lint.engine import moments
from migrations_lint.expansion.decide import split
from migrations_lint.expansion.order import in_order
from migrations_lint.expansion.parts import Part, Phase, Plan, Refusal, Split
from migrations_lint.expansion.ways_back import is_frame, own_way_back, single
from migrations_lint.model import AddsColumn, Direction, Fragment, Migration, Relation, Script
from migrations_lint.outline import outline
from migrations_lint.parse import parse, tokens
from migrations_lint.parse.alter import alter_table
from migrations_lint.parse.text import SqlText
from migrations_lint.settings import LintSettings
from migrations_lint.snapshot import SchemaSnapshot

__all__ = ["Part", "Phase", "Plan", "Refusal", "Split", "plan_of"]


def plan_of(
    migrations: Sequence[Migration],
    migration: Migration,
    settings: LintSettings,
    snapshot: SchemaSnapshot | None = None,
) -> Plan:
    """The way up of one migration of a history, split; the others tell what is there before it."""
    alone = _one_change_at_a_time(migration)
    history = [alone if each.path == migration.path else each for each in migrations]
    own = own_way_back(migration)
    found: list[Split | Refusal] = [*_unread(alone)]
    added: set[tuple[Relation, str]] = set()
    for moment in moments(history, migration.path, settings, snapshot):
        found.append(split(moment, own, frozenset(added)))
        added |= {(fact.relation, fact.column.name) for fact in moment.all(AddsColumn)}
    return in_order(found)


def _one_change_at_a_time(migration: Migration) -> Migration:
    """Each command of an ALTER TABLE as a statement of its own; BEGIN, COMMIT and timeouts belong to the file."""
    fragments = [part for fragment in migration.up.fragments for part in _parts(fragment)]
    return replace(migration, up=Script(tuple(fragments)))


def _unread(migration: Migration) -> Iterator[Refusal]:
    """What the format or the parser could not make sense of."""
    for problem in migration.problems:
        if problem.direction is Direction.UP:
            yield Refusal("", problem.line, problem.message)
    for fragment in migration.up.fragments:
        for error in parse(fragment).errors:
            yield Refusal(fragment.sql, fragment.source.position(fragment.start).line, error.problem)


def _parts(fragment: Fragment) -> Iterator[Fragment]:
    for piece in outline(fragment.sql):
        if is_frame(piece):
            continue
        at = fragment.in_file(piece.start)
        for statement in single(piece.sql):
            for sql in _required_later(statement):
                yield replace(fragment, sql=sql, start=at, end=at + len(piece.sql), verbatim=False)


def _required_later(sql: str) -> tuple[str, ...]:
    """ADD COLUMN … NOT NULL with a default that is computed for each row: the column, and then NOT NULL."""
    alter = alter_table(sql)
    command = alter.commands[0] if alter is not None else SqlText(None)
    if alter is None or command.words()[:1] != ("ADD",) or not (command.has("NOT NULL") and command.has("DEFAULT")):
        return (sql,)
    if "(" not in (command.behind("DEFAULT").sql or ""):
        return (sql,)
    plain = alter.with_command(0, command.without("NOT NULL")).sql
    words = command.words()
    at = 2 if words[1] == "COLUMN" else 1
    at += 3 if words[at : at + 3] == ("IF", "NOT", "EXISTS") else 0
    name = _word(command, at)
    return (sql,) if plain is None or name is None else (plain, alter.companion(f"ALTER COLUMN {name} SET NOT NULL"))


def _word(command: SqlText, at: int) -> str | None:
    found = tokens(command.sql or "")
    return found[at].text if at < len(found) else None
