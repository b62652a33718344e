"""End what goes on after its time, so that a check which forgets its deadline still ends in a verdict."""

import ctypes
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Overran(BaseException):
    """The time is over. Not an Exception: what a check catches to go on must not catch this."""


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Raise Overran inside the block when its time is over.

    On the main thread a signal ends even a call that blocks; on another thread, and where there is no such signal, it
    is raised as soon as that thread runs Python again.
    """
    seconds = max(seconds, 0.001)
    if threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer"):
        with _by_signal(seconds):
            yield
    else:
        with _by_exception(seconds):
            yield


@contextmanager
def _by_signal(seconds: float) -> Iterator[None]:
    def ring(number: int, frame: FrameType | None) -> None:
        raise Overran

    before = signal.signal(signal.SIGALRM, ring)
    began = time.monotonic()
    others, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if others:  # somebody else's alarm, such as a test runner's, goes on with what is left of it
            signal.setitimer(signal.ITIMER_REAL, max(others - (time.monotonic() - began), 0.001))


@contextmanager
def _by_exception(seconds: float) -> Iterator[None]:
    thread, lock = threading.get_ident(), threading.Lock()
    fired = over = False

    def ring() -> None:
        nonlocal fired
        with lock:
            if not over:
                fired = True
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(Overran))

    timer = threading.Timer(seconds, ring)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        with lock:
            over = True
            if fired:  # where it has not been raised yet, it must not be raised in what comes after us
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), None)
