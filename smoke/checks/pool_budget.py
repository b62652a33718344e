"""All instances together ask for no more connections than the database has, and there is room now."""

from dataclasses import dataclass
from typing import ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.model import Verdict
from smoke.sql import Reading, reading

# reserved_connections is new in PostgreSQL 16.
_LIMIT = """
    SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
         - coalesce(current_setting('reserved_connections', true)::int, 0)
"""
_IN_USE = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"


@dataclass(frozen=True, slots=True)
class PoolBudget:
    """`pooler_size` are the server connections of a pooler, which stand in the place of the instances' own."""

    idempotent: ClassVar[bool] = True
    beside_others: ClassVar[bool] = True

    database_url: str
    instances: int = 1
    connection_limit: int = 0
    pooler_size: int = 0
    others: int = 0
    most_in_use: float = 0.9

    def ask(self, asking: Asking) -> Answer:
        """Two questions to the database: what it allows, and what is in use."""
        with reading(self.database_url, asking.deadline) as database:
            return self._judged(database)

    def _judged(self, database: Reading) -> Answer:
        room, in_use = int(database.value(_LIMIT)), int(database.value(_IN_USE))
        wanted = (self.pooler_size or self.instances * self.connection_limit) + self.others
        of = f"{self.pooler_size} of the pooler" if self.pooler_size else f"{self.instances} × {self.connection_limit}"
        budget = f"{of} + {self.others} others = {wanted} connections"
        if wanted > room:
            return Answer(Verdict.FAIL, f"{budget}, and the database has room for {room}")
        if in_use > self.most_in_use * room:
            return Answer(Verdict.FAIL, f"{in_use} of {room} connections are in use now")
        return Answer(Verdict.PASS, f"{budget} of {room}; {in_use} are in use now")


CHECK: type[Question] = PoolBudget
