"""Evidence: a report that a step left, named by its digest."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Evidence:
    """One report as a file; `sha256` is that of the file's bytes, and what an approval is bound to."""

    kind: str
    sha256: str
    verdict: str
    summary: str
    path: Path
    made: datetime

    @property
    def name(self) -> str:
        """How the release status names it."""
        return f"sha256:{self.sha256}"
