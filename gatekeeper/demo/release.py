"""The chapters of the deploy: a good version is released, a bad one is rolled back by itself."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg

from gatekeeper.demo.chapter import StoryBroken, Told
from gatekeeper.demo.stand import Stand, clinic_stand
from gatekeeper.demo.visitor import visiting
from gatekeeper.model.action import Command
from gatekeeper.model.release import StepState
from gatekeeper.process import run
from gatekeeper.report.timeline import MARKS, show_seconds

_MANAGER = "release.manager@clinic.example"
_WAITS_FOR_A_PERSON = 5
_A_VISIT = "/api/clinic/resolve?slug=harbour"


@dataclass
class Releases:
    """Releases of the clinic, which starts to run when the first of them begins, and runs until `running` ends it."""

    folder: Path
    running: ExitStack
    listen: Callable[[str], None]

    def good(self) -> Told:
        """Release v2 with its two migrations; it has to serve at the end, and nobody may have noticed."""
        with visiting(self._stand.url + _A_VISIT) as visits:
            release = self._release("v2", ends_with=0)
        if release["outcome"] != "released":
            raise StoryBroken(f"v2 should be released, and is {release['outcome']}: {release['summary']}")
        return Told((*self._timeline(release), str(visits)), self._again(release))

    def bad(self) -> Told:
        """Release a version that cannot open a session; it has to be rolled back, and the clinic to work again."""
        release = self._release("v2-login-broken", ends_with=1)
        if release["outcome"] != "rolled back":
            raise StoryBroken(f"v2-login-broken should be rolled back, and is {release['outcome']}")
        seconds = show_seconds(release["recovery_seconds"])
        lines = (
            *self._timeline(release),
            f"{seconds} from the first failing check to rolled back and verified; nobody was called",
            f"{release['previous']} serves again, with all {self._patients()} patients",
            *self._left_behind(release),
        )
        return Told(lines, self._again(release))

    @cached_property
    def _stand(self) -> Stand:
        self.listen("starting the clinic: a database, version v1, and a proxy")
        return self.running.enter_context(clinic_stand(self.folder))

    def _release(self, version: str, *, ends_with: int) -> dict[str, Any]:
        """What a team does: start it, look at the gate, approve it, go on."""
        self._gatekeeper("release", "start", "--version", version, ends_with=_WAITS_FOR_A_PERSON)
        listed = self._gatekeeper("release", "status", "--format", "json")
        name = str(json.loads(listed)[0]["id"])
        self._gatekeeper("gate", "approve", name, "--as", _MANAGER, "--reason", "seen in the demo")
        self._gatekeeper("release", "resume", name, ends_with=ends_with)
        status: dict[str, Any] = json.loads(self._gatekeeper("release", "status", name, "--format", "json"))
        return status

    def _gatekeeper(self, *words: str, ends_with: int = 0) -> str:
        """The program as a team calls it, in a process of its own."""
        self.listen(f"gatekeeper {' '.join(words)}")
        folder = self._stand.folder
        finished = run(Command((sys.executable, "-m", "gatekeeper", *words), "tell the story", directory=folder))
        if finished.exit_code != ends_with:
            raise StoryBroken(f"gatekeeper {' '.join(words)} ended with {finished.exit_code}:\n{finished.told}")
        return finished.output

    def _patients(self) -> int:
        with psycopg.connect(self._stand.database_url) as connection:
            row = connection.execute("SELECT count(*) FROM patients").fetchone()
        return int(row[0]) if row else 0

    def _left_behind(self, release: dict[str, Any]) -> Iterator[str]:
        folder = self.folder / ".gatekeeper" / "artifacts" / release["id"]
        yield f"report: {folder / 'report.html'}"
        yield from (f"screenshot: {picture}" for picture in sorted(folder.glob("smoke/*.png")))
        yield f"logs: {self._stand.logs}"

    def _again(self, release: dict[str, Any]) -> str:
        return f"cd {self.folder} && gatekeeper release status {release['id']}"

    def _timeline(self, release: dict[str, Any]) -> Iterator[str]:
        yield f"$ gatekeeper release start --version {release['release']}; gate approve {release['id']}; release resume"
        for step in release["steps"]:
            mark, took = MARKS[StepState(step["state"])], show_seconds(step["seconds"])
            yield f"{mark} {step['name']:<15} {took:>6}  {step['summary']}"
        if release["outcome"] == "rolled back":
            yield f"row {release['undo']['row']} of the decision table: {release['undo']['plan']}"
