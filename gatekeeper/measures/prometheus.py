"""Counts from Prometheus: one query for the bad events, one for all."""

from dataclasses import dataclass
from typing import Any, ClassVar

import httpx

from gatekeeper.measures import Measure, NotMeasured, Window, counts
from gatekeeper.model.bake import Counts

_WINDOW = "$window"


@dataclass(frozen=True, slots=True)
class Prometheus:
    """`bad` and `total` are PromQL; `$window` stands for the window that is asked about, such as `90s`."""

    knows_the_past: ClassVar[bool] = True

    url: str
    bad: str
    total: str
    token: str = ""
    timeout_seconds: float = 10.0

    def read(self, window: Window) -> Counts:
        """Two instant queries at the window's end."""
        total = self._ask(self.total, window)
        if total is None:
            raise NotMeasured(
                f"Prometheus has no series for {self.total}",
                next_step="Check the query, and that the target is scraped.",
            )
        return counts(self._ask(self.bad, window) or 0, total, "Prometheus")

    def _ask(self, query: str, window: Window) -> float | None:
        """The value of the query; None where no series matches, which for bad events means that there was none."""
        asked = query.replace(_WINDOW, f"{max(round(window.span.total_seconds()), 1)}s")
        try:
            answer = httpx.get(
                f"{self.url.rstrip('/')}/api/v1/query",
                params={"query": asked, "time": window.until.isoformat()},
                headers={"Authorization": f"Bearer {self.token}"} if self.token else {},
                timeout=self.timeout_seconds,
            )
            return _value(answer.raise_for_status().json())
        except (httpx.HTTPError, ValueError, KeyError, TypeError, IndexError) as error:
            raise NotMeasured(
                f"Prometheus at {self.url} did not answer {query}",
                seen=[f"{type(error).__name__}: {error}"],
                next_step="Check `url` and the query.",
            ) from error


def _value(answer: Any) -> float | None:
    """Of an instant vector with one element, or of a scalar. Source: Prometheus HTTP API, "Expression queries"."""
    result = answer["data"]["result"]
    match answer["data"]["resultType"]:
        case "scalar":
            return float(result[1])
        case "vector" if not result:
            return None
        case "vector" if len(result) == 1:
            return float(result[0]["value"][1])
    raise ValueError(f"the query gives {len(result)} series; sum them to one")


MEASURE: type[Measure] = Prometheus
