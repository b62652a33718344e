"""Scheduled jobs have run lately, and nothing has been waiting in a queue for long."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from smoke.checks import Answer, Asking, Question
from smoke.model import Verdict
from smoke.sql import Reading, reading


@dataclass(frozen=True, slots=True)
class Beat:
    """`sql` answers with one time: when the job last ran, or since when the oldest entry of a queue waits."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    name: str
    sql: str
    most_seconds: float
    empty: Literal["fails", "is fine"] = "fails"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Ages are counted by the database's own clock."""

    idempotent: ClassVar[bool] = True
    beside_others: ClassVar[bool] = True

    database_url: str
    beats: tuple[Beat, ...]

    def ask(self, asking: Asking) -> Answer:
        """Ask for each time."""
        with reading(self.database_url, asking.deadline) as database:
            late = [problem for beat in self.beats for problem in _problems(database, beat)]
        if late:
            return Answer(Verdict.FAIL, "; ".join(late))
        return Answer(Verdict.PASS, f"{', '.join(beat.name for beat in self.beats)}: as lately as they should")


def _problems(database: Reading, beat: Beat) -> Iterator[str]:
    sql = beat.sql.strip().rstrip(";")
    age = database.value(f"SELECT extract(epoch FROM clock_timestamp() - ({sql}))::float8")
    if age is None:
        if beat.empty == "fails":
            yield f"{beat.name}: expected a time, saw none"
    elif age > beat.most_seconds:
        yield f"{beat.name}: {age:.0f} s ago, expected at most {beat.most_seconds:g} s"


CHECK: type[Question] = Heartbeat
