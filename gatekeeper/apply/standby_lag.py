"""How far the slowest standby is behind what we wrote, in seconds: since when it owes us something.

`pg_stat_replication.replay_lag` keeps its last value while replay stands still, as behind a long query on the standby;
so we keep the positions of our own commits and see which of them are replayed.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

# Where our role may not see it (pg_monitor), it is as if there were no standby.
_POSITIONS = """
SELECT (pg_current_wal_flush_lsn() - '0/0')::int8, (SELECT min(replay_lsn) - '0/0' FROM pg_stat_replication)::int8
"""


@dataclass
class StandbyLag:
    """Asked with the time, in seconds, whenever something was written; remembers the asking."""

    clock: Callable[[], float]
    _owed: deque[tuple[float, int]] = field(default_factory=deque)

    def seconds(self, connection: Connection[Any]) -> float:
        """How long the slowest standby has owed what was written by an earlier asking; 0 where there is none."""
        row = connection.execute(_POSITIONS).fetchone()
        return 0.0 if row is None else self.behind(row[0], row[1])

    def behind(self, written: int, replayed: int | None) -> float:
        """The same, by the positions in the log."""
        now = self.clock()
        if not self._owed or written > self._owed[-1][1]:
            self._owed.append((now, written))
        while self._owed and (replayed is None or self._owed[0][1] <= replayed):
            self._owed.popleft()
        return now - self._owed[0][0] if self._owed else 0.0
