"""Places at which a test may kill the process, as a power cut would: between an intent, its effect and its result."""

import os
import signal

VARIABLE = "GATEKEEPER_FAIL_POINT"


def fail_point(name: str) -> None:
    """Die here, by SIGKILL, where the environment names this place; for tests of crashes alone."""
    if os.environ.get(VARIABLE) == name:
        os.kill(os.getpid(), signal.SIGKILL)
