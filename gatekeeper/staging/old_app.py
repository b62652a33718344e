"""The previous version on the new schema: it runs on a scratch database while the new migrations are applied there.

Asked before and after: what it could not do before is not the migrations' fault.
"""

import contextlib
import os
import socket
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

from psycopg.conninfo import conninfo_to_dict

from gatekeeper.config.settings import AppSettings
from gatekeeper.config.words import environment_of, filled
from gatekeeper.model.action import Command
from gatekeeper.policy.undo import Answer
from gatekeeper.process import birth_of, end_group, is_running, run, terminate
from gatekeeper.reverse_proxy.readiness import Health, wait_until_ready
from gatekeeper.reverse_proxy.state import Instance
from gatekeeper.staging.built import Built, built
from gatekeeper.staging.sample_rows import fill
from gatekeeper.staging.server import StagingServer
from migrations_lint.model import Migration
from smoke.model import SmokeReport, Target, Verdict
from smoke.run import Conduct, checks_from
from smoke.run import run as ask
from smoke.settings import SmokeSettings


@dataclass(frozen=True, slots=True)
class OldApp:
    """Whether `version` works on the new schema, and why; the two smoke reports, where it came to them."""

    version: str
    works: Answer
    told: str
    before: SmokeReport | None = None
    after: SmokeReport | None = None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What is to be tried: how the application is started and asked, and where its output and the artifacts go."""

    version: str
    app: AppSettings
    smoke: SmokeSettings
    folder: Path
    statement_timeout: timedelta


def old_app_on_new_schema(
    server: StagingServer, history: Sequence[Migration], new: Collection[Path], rehearsal: Rehearsal
) -> OldApp:
    """Start it on the schema without the `new` migrations, apply them beside it, and ask again.

    The scratch database has sample rows and what `prepare` puts in. No process is left. Raises HistoryDoesNotBuild,
    CannotStart where the program cannot be started at all, and what the smoke checks raise for wrong settings.
    """
    old = [migration for migration in history if migration.path not in new]
    with built(server, old, rehearsal.statement_timeout) as home:
        with home.stage.session(home.database) as connection:
            fill(connection)
        url = url_to(server, home.database)
        if (problem := _prepare(rehearsal, url)) is not None:
            return OldApp(rehearsal.version, Answer.UNKNOWN, problem)
        with _running(rehearsal, url) as (instance, problem):
            if problem is not None:
                log = _log(rehearsal)
                return OldApp(rehearsal.version, Answer.UNKNOWN, f"it did not start: {problem}; its output is in {log}")
            return _asked_twice(home, [one for one in history if one.path in new], rehearsal, instance)


def _asked_twice(home: Built, new: Sequence[Migration], rehearsal: Rehearsal, instance: Instance) -> OldApp:
    before = _ask(rehearsal, instance, "before")
    for migration in new:
        ran = home.stage.advance(home.database, migration.up, traced=False)
        if ran.failure is not None:
            told = f"{migration.id} could not be applied beside it: {ran.failure.message}"
            return OldApp(rehearsal.version, Answer.UNKNOWN, told, before)
    after = _ask(rehearsal, instance, "after")
    if not is_running(instance.pid, birth=instance.birth):
        return OldApp(rehearsal.version, Answer.DISPROVEN, "it ended on the new schema", before, after)
    return OldApp(rehearsal.version, *judged(before, after), before, after)


def judged(before: SmokeReport, after: SmokeReport) -> tuple[Answer, str]:
    """Disproven by a check that passed before and does not pass any more; proven where all that count pass."""
    good = {outcome.name for outcome in before.outcomes if outcome.verdict.is_good}
    broken = [one for one in after.outcomes if one.is_decisive and one.name in good]
    passed = sum(outcome.verdict.is_good for outcome in after.outcomes)
    told = f"{passed} of {len(after.outcomes)} checks passed on the new schema"
    if broken:
        return Answer.DISPROVEN, "; ".join([told, *(f"{one.name}: {one.message}" for one in broken)])
    if after.verdict.is_good:
        return Answer.PROVEN, told
    bad = [f"{one.name}: {one.message}" for one in after.outcomes if not one.verdict.is_good]
    seen = "not before either" if after.verdict is not Verdict.INCONCLUSIVE else "which tells nothing"
    return Answer.UNKNOWN, "; ".join([f"{told}, the others {seen}", *bad])


def url_to(server: StagingServer, database: str) -> str:
    """A database of the server as a URL, the form that applications take."""
    parts = {name: str(value) for name, value in conninfo_to_dict(server.url).items()}
    host, port = parts.pop("host", ""), parts.pop("port", "")
    user, password = parts.pop("user", ""), parts.pop("password", "")
    parts.pop("dbname", None)
    is_socket = host.startswith("/")
    who = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    where = "" if is_socket else host
    more = urlencode(
        {**({"host": host} if is_socket else {}), **({"port": port} if is_socket and port else {}), **parts}
    )
    place = f"{where}:{port}" if port and not is_socket else where
    return f"postgresql://{f'{who}@' if who else ''}{place}/{quote(database)}{f'?{more}' if more else ''}"


def _prepare(rehearsal: Rehearsal, url: str) -> str | None:
    if not rehearsal.app.prepare:
        return None
    finished = run(_command(rehearsal, rehearsal.app.prepare, url, 0, "prepare the scratch database"))
    return None if finished.is_good else f"`prepare` ended with {finished.exit_code}: {finished.told[-300:]}"


@contextlib.contextmanager
def _running(rehearsal: Rehearsal, url: str) -> Iterator[tuple[Instance, str | None]]:
    """The application, ready or with what keeps it from being so; ended with everything that it started."""
    port = _free_port()
    pid = run(_command(rehearsal, rehearsal.app.start, url, port, f"start {rehearsal.version}", background=True)).pid
    instance = Instance(rehearsal.version, port, pid, birth_of(pid))
    try:
        yield instance, wait_until_ready(instance, Health(rehearsal.app.health_path, rehearsal.app.ready_timeout))
    finally:
        terminate(pid, birth=instance.birth)
        end_group(pid)


def _command(
    rehearsal: Rehearsal, words: Sequence[str], url: str, port: int, purpose: str, *, background: bool = False
) -> Command:
    known = {"version": rehearsal.version, "port": str(port), "database_url": url}
    given = environment_of(
        rehearsal.app.environment, key="staging.app.environment", next_step="Set it, or correct [staging.app]."
    )
    environment = {name: filled(value, known) for name, value in given.values.items()}
    return Command(
        tuple(filled(word, known) for word in words),
        purpose,
        environment,
        frozenset(environment),
        timeout=rehearsal.app.ready_timeout,
        background=background,
        log=_log(rehearsal),
    )


def _log(rehearsal: Rehearsal) -> Path:
    return rehearsal.folder / "application.log"


def _ask(rehearsal: Rehearsal, instance: Instance, when: str) -> SmokeReport:
    settings = rehearsal.smoke
    target = Target(f"http://127.0.0.1:{instance.port}", rehearsal.folder / when)
    deadline = time.monotonic() + settings.deadline_seconds
    return ask(checks_from(settings, os.environ), target, deadline, None, Conduct.of(settings))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
