"""Several pieces of work at once, on threads that nobody has to wait for."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

# A Ctrl-C that comes just before we begin to wait does not wake us; Python notices it when we look up.
_LOOK_UP_SECONDS = 0.2


def together(work: Sequence[Callable[[], T]], at_once: int, until: float) -> Iterator[tuple[int, T | None]]:
    """The number and the result of each piece, as they are done; None for what is not done at `until`.

    What a piece raises is raised here. The threads are daemons: somebody who gives up, by Ctrl-C as well, is not kept
    waiting for a site that hangs.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, T | None, BaseException | None]] = queue.SimpleQueue()
    given_up = threading.Event()
    for number in range(len(work)):
        waiting.put(number)

    def carry_out() -> None:
        while not given_up.is_set():
            try:
                number = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((number, work[number](), None))
            except BaseException as error:  # noqa: BLE001 - raised again where somebody can hear it
                done.put((number, None, error))

    for number in range(min(at_once, len(work))):
        threading.Thread(target=carry_out, name=f"smoke {number}", daemon=True).start()
    missing = set(range(len(work)))
    try:
        while missing and (left := until - time.monotonic()) > 0:
            try:
                number, result, error = done.get(timeout=min(left, _LOOK_UP_SECONDS))
            except queue.Empty:
                continue
            if error is not None:
                raise error
            missing.discard(number)
            yield number, result
    finally:
        given_up.set()
    yield from ((number, None) for number in sorted(missing))
