"""Failed logins, counted for a minute: who guesses is told to wait."""

import threading
import time
from collections import defaultdict, deque

MOST = 10
SECONDS = 60


class FailedLogins:
    """When each login failed lately. Kept in memory: each instance counts for itself."""

    def __init__(self) -> None:
        self._failed: dict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def seconds_to_wait(self, clinic: str, email: str) -> int:
        """0 where another try is welcome."""
        with self._lock:
            failed = self._failed.get((clinic, email.lower()))
            if not failed:
                return 0
            while failed and failed[0] < time.monotonic() - SECONDS:
                failed.popleft()
            return int(failed[0] + SECONDS - time.monotonic()) + 1 if len(failed) >= MOST else 0

    def note(self, clinic: str, email: str) -> None:
        """One more has failed."""
        with self._lock:
            self._failed[(clinic, email.lower())].append(time.monotonic())
