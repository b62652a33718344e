"""What a team sets for its smoke checks. Plain dataclasses; each check reads its own keys."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

from smoke.errors import SettingsUnreadable


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A check that is known to fail: who looks after it, why, and the last day on which its failure does not count."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    owner: str
    reason: str
    until: date
    ticket: str = ""

    def __str__(self) -> str:
        ticket = f", {self.ticket}" if self.ticket else ""
        return f"until {self.until.isoformat()}, {self.owner}: {self.reason}{ticket}"


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """One `[[smoke.check]]`: `use` names the check, `name` the entry; `options` holds the check's own keys."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    use: str
    name: str = ""
    critical: bool = True
    timeout_seconds: float = 15.0
    quarantine: Quarantine | None = None
    shadow: bool = False
    success_rate: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SmokeSettings:
    """The `[smoke]` table of `gatekeeper.toml`."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    url: str = ""
    control_url: str = ""
    deadline_seconds: float = 120.0
    warm_up: tuple[str, ...] = ()
    at_once: int = 4
    stop_at_first_critical: bool = False
    shadow: bool = False
    check: tuple[CheckSettings, ...] = ()


# Where nothing is configured, one question can still be asked: does the first page answer?
FIRST_PAGE = CheckSettings(use="health", name="first-page", options={"path": "/"})


def read(path: Path) -> SmokeSettings:
    """The `[smoke]` table of a TOML file; other tables are none of our business.

    Raises SettingsUnreadable for a file that is missing, is not TOML, or holds a key or value that does not fit.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("smoke", {})
        return TypeAdapter(SmokeSettings).validate_python(table)
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_input=False)
        seen = [f"{'.'.join(map(str, ('smoke', *mistake['loc'])))}: {mistake['msg']}" for mistake in mistakes]
        raise SettingsUnreadable(f"{path} cannot be used", seen=seen, next_step="Correct these keys.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsUnreadable(
            f"{path} cannot be read", seen=[str(error)], next_step="Check the path and that the file is TOML."
        ) from error
