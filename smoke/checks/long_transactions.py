"""No transaction has been open for long: it holds its locks, and keeps vacuum from everything newer than itself."""

from dataclasses import dataclass
from typing import ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.model import Verdict
from smoke.sql import reading

_SHOWN = 3
_OPEN = """
    SELECT format('pid %%s (%%s, %%s)', pid, coalesce(nullif(application_name, ''), usename), state),
           extract(epoch FROM clock_timestamp() - xact_start)::float8 AS seconds
      FROM pg_stat_activity
     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
       AND application_name <> ALL (%(ignore)s)
       AND clock_timestamp() - xact_start > make_interval(secs =>
           CASE WHEN state LIKE 'idle in transaction%%' THEN %(most_idle_seconds)s ELSE %(most_seconds)s END)
    UNION ALL
    SELECT format('prepared transaction of %%s', owner), extract(epoch FROM clock_timestamp() - prepared)::float8
      FROM pg_prepared_xacts WHERE clock_timestamp() - prepared > make_interval(secs => %(most_seconds)s)
     ORDER BY seconds DESC
"""


@dataclass(frozen=True, slots=True)
class LongTransactions:
    """One that does nothing and stays open is given less time than one that works."""

    idempotent: ClassVar[bool] = True
    beside_others: ClassVar[bool] = True

    database_url: str
    most_seconds: float = 300.0
    most_idle_seconds: float = 60.0
    ignore: tuple[str, ...] = ()

    def ask(self, asking: Asking) -> Answer:
        """Look at who is there; queries are not shown, since there are people's data in them."""
        limits = {"most_seconds": self.most_seconds, "most_idle_seconds": self.most_idle_seconds}
        with reading(self.database_url, asking.deadline) as database:
            found = database.rows(_OPEN, {**limits, "ignore": list(self.ignore)})
        if found:
            told = ", ".join(f"{who} for {seconds:.0f} s" for who, seconds in found[:_SHOWN])
            more = f" (and {len(found) - _SHOWN} more)" if len(found) > _SHOWN else ""
            return Answer(Verdict.FAIL, f"open for too long: {told}{more}")
        return Answer(Verdict.PASS, f"no transaction is older than {self.most_seconds:g} s")


CHECK: type[Question] = LongTransactions
