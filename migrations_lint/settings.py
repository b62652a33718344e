"""What a team sets for the linter. A plain dataclass, so that linting without a file starts fast."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class LintSettings:
    """The `[lint]` table of `gatekeeper.toml`."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    server_version: int = 15
    """Major version of the PostgreSQL that production runs (12 to 18)."""

    fail_on: str = "error"
    """The least severity that makes the exit code 1: note, warning or error."""

    off: tuple[str, ...] = ()
    """Rules that are not run at all."""

    on: tuple[str, ...] = ()
    """Rules that run only where they are named here, such as those for timeouts that a role usually sets."""

    severity: tuple[tuple[str, str], ...] = ()
    """Pairs of a rule and the severity it gets instead of its own."""

    timeout_set_by_runner: bool = False
    """Whether something outside the files (a role, a URL, the runner) sets lock_timeout for migrations."""

    snapshot: str = ""
    """The file that `gatekeeper stats pull` has written: sizes and schema of production. Empty: none."""

    scan_mb_per_second: float = 200.0
    """How many megabytes of a table production reads in a second, for estimates with a snapshot."""

    index_mb_per_second: float = 50.0
    """How many megabytes of a table are indexed in a second."""

    rewrite_mb_per_second: float = 25.0
    """How many megabytes of a table and its indexes are written anew in a second."""

    row_change_mb_per_second: float = 10.0
    """How many megabytes of rows an UPDATE or a DELETE goes through in a second."""

    note_below_seconds: float = 1.0
    """Harm that is over sooner, by a snapshot's sizes, is only a note."""

    quiet_below_seconds: float = 0.02
    """Harm that is over sooner still is not reported at all."""
