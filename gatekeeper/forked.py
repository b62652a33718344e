"""Runs functions side by side, in copies of this process."""

import io
import os
import pickle
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from gatekeeper.errors import GatekeeperError

T = TypeVar("T")


class CopyDied(GatekeeperError):
    """A copy of this process was ended from outside, or by a fault of a library's."""

    def __init__(self, number: int) -> None:
        name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
        super().__init__(
            "a part of the work was not finished: the process that did it is gone",
            seen=[f"it was ended by {name}"],
            next_step="If memory is short (SIGKILL), run it on fewer folders at a time; otherwise run it again.",
        )


@dataclass(frozen=True, slots=True)
class _Copy:
    pid: int
    answer: int  # the pipe's end to read


def processors() -> int:
    """How many processes are worth running side by side here: 1 where this one cannot be copied safely."""
    if not hasattr(os, "fork") or threading.active_count() > 1:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def side_by_side(tasks: Sequence[Callable[[], T]], shared: Sequence[object] = ()) -> list[T]:
    """The results in the order of the tasks; the first runs here, each of the others in a copy of this process.

    `shared` are objects that results may hold and need not be sent back, for this process has them. A task that fails
    in a copy is run here, so that its error is this process's own. Raises CopyDied where a copy was ended by a signal.
    """
    numbers = {id(one): number for number, one in enumerate(shared)}
    copies: list[_Copy | None] = []
    try:
        for task in tasks[1:]:
            copies.append(_copied(task, numbers))
        results = [tasks[0]()]
        for place, task in enumerate(tasks[1:]):
            answer = _answer(copies, place)
            results.append(task() if answer is None else _Unpickler(io.BytesIO(answer), shared).load())
    finally:
        _end(copies)
    return results


def _copied(task: Callable[[], object], numbers: dict[int, int]) -> _Copy | None:
    """Begin a task in a copy; None where the system has no room for one."""
    reading, writing = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        return None
    if pid:
        os.close(writing)
        return _Copy(pid, reading)
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever began this ends it
        os.close(reading)
        with os.fdopen(writing, "wb") as out:
            _Pickler(out, numbers).dump(task())
        status = 0
    finally:
        os._exit(status)  # nothing of the copied process's own endings may run twice


def _answer(copies: list[_Copy | None], place: int) -> bytes | None:
    """What the copy has written, once it has ended; None where its task failed, or never began."""
    copy = copies[place]
    if copy is None:
        return None
    with os.fdopen(os.dup(copy.answer), "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(copy.pid, 0)
    os.close(copy.answer)
    copies[place] = None
    if os.WIFSIGNALED(status):
        raise CopyDied(os.WTERMSIG(status))
    return answer if os.WEXITSTATUS(status) == 0 else None


def _end(copies: Sequence[_Copy | None]) -> None:
    for copy in filter(None, copies):
        os.kill(copy.pid, signal.SIGKILL)
        os.waitpid(copy.pid, 0)
        os.close(copy.answer)


class _Pickler(pickle.Pickler):
    def __init__(self, file: Any, numbers: dict[int, int]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._numbers = numbers

    def persistent_id(self, one: object) -> int | None:
        return self._numbers.get(id(one))


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any, shared: Sequence[object]) -> None:
        super().__init__(file)
        self._shared = shared

    def persistent_load(self, number: Any) -> object:
        return self._shared[number]
