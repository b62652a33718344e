"""No index is invalid: one that CREATE INDEX CONCURRENTLY has left behind slows writes and helps nobody."""

from dataclasses import dataclass
from typing import ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.model import Verdict
from smoke.sql import reading

_SHOWN = 5
_INVALID = """
    SELECT format('%%s.%%s on %%s', namespace.nspname, index.relname, pg_index.indrelid::regclass)
      FROM pg_index
      JOIN pg_class AS index ON index.oid = pg_index.indexrelid
      JOIN pg_namespace AS namespace ON namespace.oid = index.relnamespace
     WHERE NOT (pg_index.indisvalid AND pg_index.indisready)
       AND index.relkind = 'i'
       AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index AS now WHERE now.index_relid = pg_index.indexrelid)
       AND index.relname <> ALL (%(ignore)s)
     ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class InvalidIndexes:
    """One that is being built now is not counted."""

    idempotent: ClassVar[bool] = True
    beside_others: ClassVar[bool] = True

    database_url: str
    ignore: tuple[str, ...] = ()

    def ask(self, asking: Asking) -> Answer:
        """Ask the catalog."""
        with reading(self.database_url, asking.deadline) as database:
            found = [str(name) for (name,) in database.rows(_INVALID, {"ignore": list(self.ignore)})]
        if found:
            more = f" (and {len(found) - _SHOWN} more)" if len(found) > _SHOWN else ""
            return Answer(Verdict.FAIL, f"invalid: {', '.join(found[:_SHOWN])}{more}; drop it and build it again")
        return Answer(Verdict.PASS, "every index is valid")


CHECK: type[Question] = InvalidIndexes
