"""A journey asks the database no more than it may: statements counted and timed by pg_stat_statements."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.model import Verdict
from smoke.probe import Session, session
from smoke.sql import Reading, reading
from smoke.steps import Step, walk

_RUNS = 3
_SHOWN = 120
# The comment keeps our own question out of the count; statements without rows of their own do not count.
_COUNTED = """
    SELECT queryid, calls, total_exec_time, query
      FROM pg_stat_statements
     WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND query !~* '^\\s*(begin|commit|rollback|set|show|reset|deallocate|discard|savepoint|release|start)'
       AND query !~ 'set_config|/\\* gatekeeper-smoke \\*/'
       /* gatekeeper-smoke */
"""


@dataclass(frozen=True, slots=True)
class Journey:
    """A few requests, and how many statements and how many milliseconds of the database they may take."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    name: str
    steps: tuple[Step, ...]
    statements: int
    milliseconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Spent:
    statements: int
    milliseconds: float
    most: int
    query: str


@dataclass(frozen=True, slots=True)
class QueryBudget:
    """Others' statements can only add to a count, so the least of a few runs is the journey's own."""

    idempotent: ClassVar[bool] = False

    database_url: str
    journeys: tuple[Journey, ...]
    log_in: tuple[Step, ...] = ()

    def ask(self, asking: Asking) -> Answer:
        """Walk each journey, up to three times as long as it costs too much."""
        until = asking.deadline
        with reading(self.database_url, until) as database, session(asking.target.url, until) as visitor:
            walk(visitor, self.log_in)
            spent = {journey.name: _spent(journey, visitor, database) for journey in self.journeys}
        over = [told for journey in self.journeys for told in _over(journey, spent[journey.name])]
        if over:
            return Answer(Verdict.FAIL, "; ".join(over))
        return Answer(Verdict.PASS, ", ".join(f"{name}: {one.statements} statements" for name, one in spent.items()))


def _spent(journey: Journey, visitor: Session, database: Reading) -> _Spent:
    least: _Spent | None = None
    for _ in range(_RUNS):
        before = {row[0]: row for row in database.rows(_COUNTED)}
        walk(visitor, journey.steps, {"unique": secrets.token_hex(8)})
        seen = _difference(before, {row[0]: row for row in database.rows(_COUNTED)})
        least = seen if least is None or seen.statements < least.statements else least
        if not list(_over(journey, least)):
            break
    assert least is not None
    return least


def _difference(before: Mapping[int, tuple[object, ...]], after: Mapping[int, tuple[object, ...]]) -> _Spent:
    calls, milliseconds, most = 0, 0.0, (0, "")
    for key, (_, count, spent, query) in after.items():
        _, count_before, spent_before, _ = before.get(key, (key, 0, 0.0, ""))
        more = int(str(count)) - int(str(count_before))
        calls += more
        milliseconds += float(str(spent)) - float(str(spent_before))
        most = max(most, (more, " ".join(str(query).split())))
    return _Spent(calls, milliseconds, *most)


def _over(journey: Journey, spent: _Spent) -> list[str]:
    told = []
    if spent.statements > journey.statements:
        worst = f"{spent.most} of them {spent.query[:_SHOWN]}"
        told.append(f"{journey.name}: {spent.statements} statements, expected at most {journey.statements}; {worst}")
    if journey.milliseconds is not None and spent.milliseconds > journey.milliseconds:
        told.append(
            f"{journey.name}: {spent.milliseconds:.0f} ms in the database, expected at most {journey.milliseconds:g} ms"
        )
    return told


CHECK: type[Question] = QueryBudget
