"""Structured logs on standard output: one JSON object a line, and never a name, an e-mail, a query or a body.

Only what is listed here is ever written. The text of an exception is left out, since PostgreSQL quotes values in it.
"""

import json
import logging
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path

_FIELDS = ("requestId", "step", "duration", "status", "method", "route", "version", "port", "error", "where")
_request_id: ContextVar[str] = ContextVar("request_id", default="")
_logger = logging.getLogger("clinic")


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        told = {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.name != _logger.name:
            told["message"] = record.getMessage()
        time_of_day = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return json.dumps({"time": time_of_day, "level": record.levelname.lower(), **told})


def log_to_stdout() -> None:
    """Send our lines, and the server's, to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    _logger.setLevel(logging.INFO)


def current_request_id() -> str:
    """The id of the request that is being answered."""
    return _request_id.get()


def begin_request(request_id: str) -> None:
    """All lines from here on, in this request, carry the id."""
    _request_id.set(request_id)


def log(step: str, *, failed: bool = False, **fields: object) -> None:
    """Write one line. Field names are those listed above; anything else is a mistake in our code."""
    unknown = fields.keys() - set(_FIELDS)
    assert not unknown, f"not a field of the log: {unknown}"
    request = {"requestId": current_request_id()} if current_request_id() else {}
    _logger.log(logging.ERROR if failed else logging.INFO, step, extra={**request, "step": step, **fields})


@contextmanager
def logged_step(step: str) -> Iterator[None]:
    """Log how long a part of the work took, and whether it ended well."""
    started = time.monotonic()
    status = "failed"
    try:
        yield
        status = "ok"
    finally:
        log(step, status=status, duration=round(time.monotonic() - started, 4))


def describe(error: BaseException) -> dict[str, object]:
    """The class of an exception and where it was raised; its text may quote a person's data."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return {
        "error": f"{type(error).__module__}.{type(error).__qualname__}",
        "where": [f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in frames],
    }
