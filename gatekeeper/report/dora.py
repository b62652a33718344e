"""The figures by which DORA measures delivery, counted from the releases that the store holds.

Source: DORA, "DORA's software delivery performance metrics", https://dora.dev/guides/dora-metrics/.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from gatekeeper.model.release import Outcome, ReleaseRecord, StepState
from gatekeeper.report.timeline import recovery_of

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a span of time shows. A median is None where nothing was measured; a rate, where nothing was deployed.

    `lead_times` are known for releases whose commit git knows, `recoveries` for those that a failing check took back.
    """

    since: datetime
    until: datetime
    deployments: int
    failed: int
    lead_times: tuple[timedelta, ...]
    recoveries: tuple[timedelta, ...]

    @property
    def per_week(self) -> float:
        """Deployment frequency."""
        return self.deployments / max((self.until - self.since) / _WEEK, 1e-9)

    @property
    def change_fail_rate(self) -> float | None:
        """How many deployments had to be taken back or stood still until a person acted."""
        return self.failed / self.deployments if self.deployments else None

    @property
    def lead_time(self) -> timedelta | None:
        """Change lead time: from the commit to its release, in the middle."""
        return _middle(self.lead_times)

    @property
    def recovery(self) -> timedelta | None:
        """Failed deployment recovery time: from the first failing check to restored and verified, in the middle."""
        return _middle(self.recoveries)

    def as_json(self) -> dict[str, Any]:
        """Plain values; spans in seconds."""
        return {
            "version": 1,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "deployments": self.deployments,
            "deployments_per_week": round(self.per_week, 3),
            "change_lead_time_seconds": _seconds(self.lead_time),
            "change_fail_rate": round(rate, 4) if (rate := self.change_fail_rate) is not None else None,
            "failed_deployment_recovery_seconds": _seconds(self.recovery),
            "measured": {"lead_times": len(self.lead_times), "recoveries": len(self.recoveries)},
        }


def delivery(
    records: Sequence[ReleaseRecord], committed: Mapping[str, datetime], since: datetime, until: datetime
) -> Delivery:
    """Count the releases that began in that time; `committed` is when each known commit was made."""
    deployed = [one for one in records if since <= one.release.started < until and _was_deployed(one)]
    leads = [
        one.release.ended - committed[one.release.commit]
        for one in deployed
        if one.release.outcome is Outcome.RELEASED and one.release.ended and one.release.commit in committed
    ]
    recoveries = [found.span for one in deployed if (found := recovery_of(one)) is not None]
    failed = sum(one.release.outcome in {Outcome.ROLLED_BACK, Outcome.HELD} for one in deployed)
    return Delivery(since, until, len(deployed), failed, tuple(leads), tuple(recoveries))


def _was_deployed(record: ReleaseRecord) -> bool:
    step = record.step("deploy")
    return step is not None and step.state is StepState.DONE


def _middle(spans: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(span.total_seconds() for span in spans)) if spans else None


def _seconds(span: timedelta | None) -> float | None:
    return round(span.total_seconds(), 3) if span is not None else None
