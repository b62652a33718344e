"""What became of a try, told from the server's answer. Pure."""

from enum import Enum

_LOCK_NOT_AVAILABLE = "55P03"
_DEADLOCK = "40P01"
_SERIALIZATION_FAILURE = "40001"
_QUERY_CANCELED = "57014"
_INTERNAL_ERROR = "XX000"
_CONCURRENT_UPDATE = "tuple concurrently updated"  # two GRANTs or comments at once


class Verdict(Enum):
    """What is to be done after a try."""

    COMMITTED = "committed"
    GAVE_WAY = "gave way"
    REFUSED = "refused"
    UNKNOWN = "unknown"


def verdict_of(error: tuple[str | None, str] | None, *, cancelled: bool, lost: bool) -> Verdict:
    """Whether the transaction stands, may be tried again, was refused, or ended nobody knows how.

    `error` is the SQLSTATE, None where the server gave none, and the message. `cancelled`: our own watchdog did
    it. `lost`: a session is gone, so that the answer may be too. By the SQLSTATE and not by the text, except where
    PostgreSQL has no SQLSTATE of its own for it.
    """
    if error is None:
        return Verdict.COMMITTED
    sqlstate, message = error
    if sqlstate in {_LOCK_NOT_AVAILABLE, _DEADLOCK, _SERIALIZATION_FAILURE}:
        return Verdict.GAVE_WAY
    if sqlstate == _QUERY_CANCELED and cancelled:
        return Verdict.GAVE_WAY
    if sqlstate == _INTERNAL_ERROR and _CONCURRENT_UPDATE in message:
        return Verdict.GAVE_WAY
    return Verdict.UNKNOWN if lost else Verdict.REFUSED
