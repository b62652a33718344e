"""The application goes through a pooler, migrations go around it, and the URLs say what the driver needs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.database_url import parse
from smoke.errors import NoAnswer
from smoke.model import Verdict
from smoke.sql import reading

_PID = "SELECT pg_backend_pid()"


@dataclass(frozen=True, slots=True)
class PoolerRoute:
    """`connection_limit` is the most that the application's URL may allow; `prisma` asks for Prisma's own words."""

    idempotent: ClassVar[bool] = True
    beside_others: ClassVar[bool] = True

    application_url: str = ""
    migration_url: str = ""
    connection_limit: int | None = None
    prisma: bool = False

    def ask(self, asking: Asking) -> Answer:
        """Read the URLs, then go both ways and see who is at the end of each."""
        problems = [*self._written(), *self._measured(asking.deadline)]
        if problems:
            return Answer(Verdict.FAIL, "; ".join(problems))
        ways = ["the application goes through a pooler"] * bool(self.application_url)
        ways += ["migrations go around it"] * bool(self.migration_url)
        return Answer(Verdict.PASS, ", ".join(ways) or "no URL is configured")

    def _written(self) -> Iterator[str]:
        if self.application_url:
            parameters = _parameters("application_url", self.application_url)
            if self.connection_limit is not None:
                yield from self._limit(parameters.get("connection_limit", ""))
            if self.prisma and parameters.get("pgbouncer") != "true":
                yield "application_url lacks pgbouncer=true, without which Prisma's prepared statements fail there"
        if self.prisma and self.migration_url and _parameters("migration_url", self.migration_url).get("pgbouncer"):
            yield "migration_url has pgbouncer, which is for the application's"

    def _limit(self, written: str) -> Iterator[str]:
        if not written:
            yield f"application_url has no connection_limit, expected at most {self.connection_limit}"
        elif not written.isdecimal() or int(written) > (self.connection_limit or 0):
            yield f"application_url has connection_limit={written[:20]}, expected at most {self.connection_limit}"

    def _measured(self, deadline: float) -> Iterator[str]:
        if self.application_url and not is_pooled(self.application_url, deadline):
            yield f"application_url leads to the database itself ({parse(self.application_url).place}), not to a pooler"
        if self.migration_url and is_pooled(self.migration_url, deadline):
            yield f"migration_url leads to a pooler ({parse(self.migration_url).place}), which loses settings and locks"


def is_pooled(url: str, deadline: float) -> bool:
    """Whether a pooler answers there.

    It makes up the process number of the start-up message, and in transaction mode gives one server connection to two
    clients, one after the other.
    """
    with reading(url, deadline) as one, reading(url, deadline) as another:
        first, second = one.value(_PID), another.value(_PID)
        return bool(first == second or first != one.made_up_pid)


def _parameters(key: str, url: str) -> dict[str, str]:
    try:
        return dict(parse(url).parameters)
    except ValueError as error:
        raise NoAnswer(f"{key} cannot be used: {error}") from error


CHECK: type[Question] = PoolerRoute
