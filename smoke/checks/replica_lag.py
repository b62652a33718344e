"""A replica has soon replayed what the primary has written."""

import time
from dataclasses import dataclass
from typing import ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.model import Verdict
from smoke.sql import Reading, reading

_PAUSE_SECONDS = 0.05
_IS_REPLICA = "SELECT pg_is_in_recovery()"
_WRITTEN = "SELECT pg_current_wal_lsn()::text"
_BEHIND = "SELECT greatest(pg_wal_lsn_diff(%(written)s::pg_lsn, pg_last_wal_replay_lsn()), 0)::bigint"


@dataclass(frozen=True, slots=True)
class ReplicaLag:
    """The lag is measured, not estimated: how long the replica takes to reach where the primary is now."""

    idempotent: ClassVar[bool] = True
    beside_others: ClassVar[bool] = True

    primary_url: str
    replica_url: str
    most_seconds: float = 10.0

    def ask(self, asking: Asking) -> Answer:
        """Note where the primary is, and look at the replica until it is there."""
        with (
            reading(self.primary_url, asking.deadline) as primary,
            reading(self.replica_url, asking.deadline) as replica,
        ):
            if primary.value(_IS_REPLICA):
                return Answer(Verdict.FAIL, "primary_url leads to a replica")
            if not replica.value(_IS_REPLICA):
                return Answer(Verdict.FAIL, "replica_url leads to a server that is no replica")
            return self._watched(primary, replica, min(self.most_seconds, asking.seconds_left))

    def _watched(self, primary: Reading, replica: Reading, seconds: float) -> Answer:
        written = {"written": primary.value(_WRITTEN)}
        began = time.monotonic()
        while (behind := int(replica.value(_BEHIND, written) or 0)) > 0:
            if time.monotonic() - began >= seconds:
                return Answer(Verdict.FAIL, f"the replica is still {behind} bytes behind after {seconds:.1f} s")
            time.sleep(_PAUSE_SECONDS)
        return Answer(Verdict.PASS, f"the replica has caught up within {time.monotonic() - began:.2f} s")


CHECK: type[Question] = ReplicaLag
