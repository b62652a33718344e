"""What a team sets for its smoke checks. Plain dataclasses; each check reads its own keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """One `[[smoke.check]]`: `use` names the check, `name` the entry; `with` holds the check's own keys."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    use: str
    name: str = ""
    critical: bool = True
    timeout_seconds: float = 15.0
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SmokeSettings:
    """The `[smoke]` table of `gatekeeper.toml`."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    url: str = ""
    control_url: str = ""
    deadline_seconds: float = 120.0
    check: tuple[CheckSettings, ...] = ()
