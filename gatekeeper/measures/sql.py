"""Counts from a database: one query, which is only allowed to read."""

from dataclasses import dataclass, field
from typing import ClassVar

import psycopg

from gatekeeper.measures import Measure, NotMeasured, Window, counts
from gatekeeper.model.bake import Counts


@dataclass(frozen=True, slots=True)
class Sql:
    """`query` gives one row of two numbers, bad and total; `%(since)s` and `%(until)s` are the window."""

    knows_the_past: ClassVar[bool] = True

    url: str = field(repr=False)
    query: str
    timeout_seconds: float = 5.0

    def read(self, window: Window) -> Counts:
        """Run it in a read-only transaction that the server ends when it takes too long."""
        try:
            with psycopg.connect(self.url, connect_timeout=10, application_name="gatekeeper bake") as connection:
                connection.read_only = True
                connection.execute(f"SET LOCAL statement_timeout = {round(self.timeout_seconds * 1000)}".encode())
                row = connection.execute(self.query.encode(), {"since": window.since, "until": window.until}).fetchone()
        except psycopg.Error as error:
            raise NotMeasured(
                "the query gave no counts",
                seen=[str(error).strip().partition("\n")[0] or type(error).__name__],
                next_step="Check `url` and `query` of the objective.",
            ) from error
        if row is None or len(row) != 2:
            raise NotMeasured("the query gave no counts", next_step="It has to give one row: bad, total.")
        return counts(row[0] or 0, row[1], "the query")


MEASURE: type[Measure] = Sql
