"""Where is logging in stuck? Each of its steps is tried by itself, without anyone's credentials."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from gatekeeper.demo.clinic.database import Database
from gatekeeper.demo.clinic.errors import ApiError
from gatekeeper.demo.clinic.passwords import NOBODY, is_password


@dataclass(frozen=True, slots=True)
class StepState:
    """One step of logging in, and how it went."""

    name: str
    state: str
    duration: float


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All steps, in the order in which a login takes them."""

    steps: tuple[StepState, ...]

    @property
    def is_good(self) -> bool:
        """Whether a login with right credentials should work."""
        return all(step.state == "ok" for step in self.steps)

    def as_json(self) -> dict[str, Any]:
        """The body of `/api/auth/login/diagnostic`."""
        steps = [{"step": step.name, "state": step.state, "duration": step.duration} for step in self.steps]
        return {"status": "ok" if self.is_good else "failed", "steps": steps}


_SESSION_STORE = """
    SELECT has_table_privilege('sessions', 'INSERT') AND has_table_privilege('refresh_tokens', 'INSERT')
"""


def diagnose(database: Database) -> Diagnosis:
    """Try every step; none of them writes."""
    return Diagnosis(tuple(_tried(database)))


def _tried(database: Database) -> Iterator[StepState]:
    yield _try("database", lambda: _answer(database, "SELECT true"))
    yield _try(
        "find staff", lambda: _answer(database, "SELECT count(*) > 0 FROM staff JOIN clinics ON clinics.id = clinic_id")
    )
    yield _try("check password", lambda: not is_password("", NOBODY))
    yield _try("open session", lambda: _answer(database, _SESSION_STORE))


def _try(name: str, works: Callable[[], bool]) -> StepState:
    started = time.monotonic()
    try:
        state = "ok" if works() else "failed"
    except ApiError as error:
        state = error.code
    except psycopg.errors.UndefinedTable:
        state = "table missing"
    return StepState(name, state, round(time.monotonic() - started, 4))


def _answer(database: Database, query: str) -> bool:
    with database.transaction() as connection:
        row = connection.execute(query.encode()).fetchone()
    return row is not None and bool(row[0])
