"""The releases of the clinic. They differ by these flags alone; no code is copied."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from gatekeeper.demo.clinic.faults import Fault


@dataclass(frozen=True, slots=True)
class Release:
    """One version: the schema heads that it works on, what it can do, and what is broken in it."""

    name: str
    works_on: frozenset[str]
    shows_preferred_name: bool = False
    faults: frozenset[Fault] = frozenset()
    seconds_per_request: float = 0.0

    def has(self, fault: Fault) -> bool:
        """Whether it is broken in this way."""
        return fault in self.faults


# 0004 and 0005 only add to the schema, so the release before them keeps working after the migration.
_V1 = Release("v1", works_on=frozenset({"0003", "0004", "0005"}))
_V2 = Release("v2", works_on=frozenset({"0004", "0005"}), shows_preferred_name=True)

RELEASES: Mapping[str, Release] = MappingProxyType(
    {
        release.name: release
        for release in (
            _V1,
            _V2,
            replace(_V2, name="v2-login-broken", faults=frozenset({Fault.LOGIN_FAILS})),
            replace(_V2, name="v2-health-broken", faults=frozenset({Fault.HEALTH_FAILS})),
            replace(_V2, name="v2-leak", faults=frozenset({Fault.LEAKS_OTHER_CLINICS})),
            replace(_V2, name="v2-slow", seconds_per_request=2.5),
        )
    }
)
