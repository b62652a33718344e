"""Nobody's health information shows where it must not: in URLs, in errors, in headers, in the log."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from smoke.checks import Answer, Asking, Question
from smoke.errors import LogUnreadable
from smoke.identifiers import identifiers_in
from smoke.model import Verdict
from smoke.probe import LARGEST_BODY, Reply, session
from smoke.redact import scan
from smoke.steps import Step, send, walk

_SHOWN = 3
_BY_CHECK_DIGIT = {"card number", "social security number"}  # identifiers_in knows them better
_RENAMED = {"secret": "planted sentinel"}


@dataclass(frozen=True, slots=True)
class NoHealthInformation:
    """`sentinels` are values of synthetic people, which the journey makes the site handle; `patterns` are your own."""

    idempotent: ClassVar[bool] = True

    sentinels: tuple[str, ...] = ()
    journey: tuple[Step, ...] = ()
    log_in: tuple[Step, ...] = ()
    logs: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()

    def ask(self, asking: Asking) -> Answer:
        """Walk the journey, then read what the log has got meanwhile. What was found is never shown."""
        logs = [_Log.at_its_end(path) for pattern in self.logs for path in _files(pattern)]
        with session(asking.target.url, asking.deadline) as visitor:
            walk(visitor, self.log_in)
            found = [one for step in self.journey for one in self._in_reply(step, send(visitor, step))]
        found += [one for log in logs for one in self._in_log(log)]
        if found:
            more = f" (and {len(found) - _SHOWN} more)" if len(found) > _SHOWN else ""
            return Answer(Verdict.FAIL, "; ".join(found[:_SHOWN]) + more)
        told = f"{len(self.journey)} requests and {len(logs)} logs show nobody's health information"
        return Answer(Verdict.PASS, told)

    def _in_reply(self, step: Step, reply: Reply) -> Iterator[str]:
        yield from self._in(f"{step}: the URL that it leads to", reply.headers.get("location", ""))
        if reply.status >= 400:
            yield from self._in(f"{step}: the error {reply.status}", reply.body.decode("utf-8", errors="replace"))

    def _in_log(self, log: "_Log") -> Iterator[str]:
        for number, line in enumerate(log.written_since(), 1):
            yield from self._in(f"the log {log.path.name}, line {number} of this run", line)

    def _in(self, place: str, text: str) -> Iterator[str]:
        if not text:
            return
        kinds = [_RENAMED.get(kind, kind) for kind in scan(text, self.sentinels) if kind not in _BY_CHECK_DIGIT]
        kinds += identifiers_in(text)
        kinds += [f"what fits {pattern}" for pattern in self.patterns if re.search(pattern, text)]
        if kinds:
            yield f"{place} shows: {', '.join(kinds)}"


@dataclass(frozen=True, slots=True)
class _Log:
    path: Path
    end: int

    @classmethod
    def at_its_end(cls, path: Path) -> "_Log":
        return cls(path, path.stat().st_size)

    def written_since(self) -> list[str]:
        try:
            with self.path.open("rb") as file:
                file.seek(self.end if self.path.stat().st_size >= self.end else 0)  # a log that was rotated starts anew
                return file.read(LARGEST_BODY).decode("utf-8", errors="replace").splitlines()
        except OSError as error:
            raise LogUnreadable(str(self.path), str(error.strerror or error)) from error


def _files(pattern: str) -> list[Path]:
    path = Path(pattern)
    found = sorted(Path(path.anchor or ".").glob(str(path.relative_to(path.anchor))))
    if not found:
        raise LogUnreadable(pattern, "there is no such file")
    return found


CHECK: type[Question] = NoHealthInformation
