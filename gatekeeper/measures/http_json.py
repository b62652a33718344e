"""Counts from any endpoint that answers with JSON."""

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

import httpx

from gatekeeper.json_pointer import value_at
from gatekeeper.measures import Measure, NotMeasured, Window, counts
from gatekeeper.model.bake import Counts


@dataclass(frozen=True, slots=True)
class HttpJson:
    """`url` holds `{since}` and `{until}`; `bad` and `total` are JSON Pointers (RFC 6901) into the answer."""

    knows_the_past: ClassVar[bool] = True

    url: str
    bad: str
    total: str
    token: str = ""
    timeout_seconds: float = 10.0

    def __post_init__(self) -> None:
        if "{since}" not in self.url:
            raise ValueError("url has to hold {since}, or nobody knows which events are counted")

    def read(self, window: Window) -> Counts:
        """One request for the window."""
        times = {"since": window.since.isoformat(), "until": window.until.isoformat()}
        url = self.url
        for name, value in times.items():
            url = url.replace(f"{{{name}}}", quote(value, safe=""))
        try:
            headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
            answer = httpx.get(url, headers=headers, timeout=self.timeout_seconds).raise_for_status().json()
            return counts(value_at(answer, self.bad), value_at(answer, self.total), self.url)
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            raise NotMeasured(
                f"{self.url} gave no counts",
                seen=[f"{type(error).__name__}: {error}"],
                next_step="Check the address, and that the pointers lead to two numbers.",
            ) from error


MEASURE: type[Measure] = HttpJson
