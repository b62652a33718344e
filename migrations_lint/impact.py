"""How long work on a table of known size takes, in words: rows, bytes, and minutes under which lock.

An estimate, from the sizes of a snapshot and the rates of the settings. It is there to tell a second from an hour.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from migrations_lint.model import LockFact, LockMode, Relation, Severity, Work
from migrations_lint.settings import LintSettings
from migrations_lint.snapshot import Size

_VERBS = {
    Work.SCAN: "reads",
    Work.INDEX_BUILD: "indexes",
    Work.REWRITE: "rewrites",
    Work.ROW_CHANGE: "changes",
}
_BYTES_OF_A_ROW = 100  # where statistics count rows and no pages yet: PostgreSQL's own guess for short rows
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Impact:
    """What the locks of one harm do together: the heaviest work, on how much, for how long."""

    work: Work
    mode: LockMode
    rows: int
    bytes: int
    seconds: float

    def __str__(self) -> str:
        """`rewrites 412 million rows (96 GB), about 18 minutes under ACCESS EXCLUSIVE`."""
        size = f"{in_words(self.rows)} row{'' if self.rows == 1 else 's'} ({in_bytes(self.bytes)})"
        return f"{_VERBS[self.work]} {size}, {in_time(self.seconds)} under {self.mode.value}"


def impact_of(sized: Iterable[tuple[LockFact, Size | None]], settings: LintSettings) -> Impact | None:
    """The sum over the locks; None where one of the relations is of unknown size, or no lock does work."""
    worked = [(lock, size) for lock, size in sized if lock.work in _VERBS]
    if not worked or any(size is None or size.rows is None for _, size in worked):
        return None
    known = [(lock, size) for lock, size in worked if size is not None]
    heaviest, _ = max(known, key=lambda one: _seconds(one[0], one[1], settings))
    return Impact(
        heaviest.work,
        heaviest.mode,
        sum(size.rows or 0 for _, size in known),
        sum(sum(bytes_of(lock.work, size)) for lock, size in known),
        sum(_seconds(lock, size, settings) for lock, size in known),
    )


def weighed(severity: Severity, impact: Impact, settings: LintSettings) -> Severity:
    """What is soon over is only a note."""
    return Severity.NOTE if impact.seconds < settings.note_below_seconds else severity


def _seconds(lock: LockFact, size: Size, settings: LintSettings) -> float:
    rates = {
        Work.SCAN: settings.scan_mb_per_second,
        Work.INDEX_BUILD: settings.index_mb_per_second,
        Work.REWRITE: settings.rewrite_mb_per_second,
        Work.ROW_CHANGE: settings.row_change_mb_per_second,
    }
    return sum(bytes_of(lock.work, size)) / _MEGABYTE / rates[lock.work]


def bytes_of(work: Work, size: Size) -> Iterator[int]:
    """What has to pass through: a scan and an index build read the rows, a rewrite makes every index anew too."""
    yield size.heap_bytes if size.heap_bytes is not None else (size.rows or 0) * _BYTES_OF_A_ROW
    if work is Work.REWRITE:
        yield (size.toast_bytes or 0) + (size.index_bytes or 0)


def sized(relation: Relation, size: Size | None) -> str:
    """A relation with its number of rows in production, where that is known: `public.orders (412 million rows)`."""
    if size is None or size.rows is None:
        return str(relation)
    return f"{relation} ({in_words(size.rows)} row{'' if size.rows == 1 else 's'})"


def in_words(number: int) -> str:
    """A count as people say it: 950, 12,000, 4.2 million, 1.3 billion."""
    for name, size in (("billion", 1_000_000_000), ("million", 1_000_000)):
        if number >= size:
            value = number / size
            return f"{value:.1f} {name}" if value < 10 else f"{value:,.0f} {name}"
    return f"{number:,}"


def in_bytes(number: int) -> str:
    """Decimal units, as disks are sold: 8 kB, 120 MB, 96 GB."""
    value, unit = float(number), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}" if unit != "bytes" and value < 10 else f"{value:.0f} {unit}"


def in_time(seconds: float) -> str:
    """The order of magnitude in one unit: less than a second, about 40 seconds, about 18 minutes, about 3 hours."""
    if seconds < 1:
        return "less than a second"
    for unit, size, until in (("second", 1, 90), ("minute", 60, 90 * 60), ("hour", 3600, 48 * 3600)):
        if seconds < until:
            return _about(round(seconds / size), unit)
    return _about(round(seconds / 86400), "day")


def _about(number: int, unit: str) -> str:
    return f"about {number} {unit}{'' if number == 1 else 's'}"
