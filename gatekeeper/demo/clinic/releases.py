"""The releases of the clinic. They differ by these flags alone; no code is copied."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Release:
    """One version: the schema heads that it works on, what it can do, and what is broken in it."""

    name: str
    works_on: frozenset[str]
    shows_preferred_name: bool = False
    login_fails: bool = False
    health_fails: bool = False
    leaks_other_clinics: bool = False
    seconds_per_request: float = 0.0


# 0004 and 0005 only add to the schema, so the release before them keeps working after the migration.
_V1 = Release("v1", works_on=frozenset({"0003", "0004", "0005"}))
_V2 = Release("v2", works_on=frozenset({"0004", "0005"}), shows_preferred_name=True)

RELEASES: Mapping[str, Release] = MappingProxyType(
    {
        release.name: release
        for release in (
            _V1,
            _V2,
            replace(_V2, name="v2-login-broken", login_fails=True),
            replace(_V2, name="v2-health-broken", health_fails=True),
            replace(_V2, name="v2-leak", leaks_other_clinics=True),
            replace(_V2, name="v2-slow", seconds_per_request=2.5),
        )
    }
)
