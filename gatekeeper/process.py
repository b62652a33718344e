"""The only file that starts processes: runs a Command, bounds and scrubs its output, ends what outlives its time."""

import contextlib
import os
import pwd
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from gatekeeper.errors import GatekeeperError
from gatekeeper.model.action import Command
from smoke.redact import spellings

KEPT_OF_OUTPUT = 256 * 1024
TIMED_OUT = 124  # what timeout(1) says

_STARTED_HERE: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of a command: `output` is its standard output, `errors` its standard error, both scrubbed.

    Of a background command only the pid is known. A command that ran out of time has exit code 124.
    """

    exit_code: int
    output: str
    seconds: float
    pid: int
    errors: str = ""

    @property
    def is_good(self) -> bool:
        """The program said that all is well."""
        return self.exit_code == 0

    @property
    def told(self) -> str:
        """Everything it said, for a person who asks why."""
        return "\n".join(part.strip() for part in (self.output, self.errors) if part.strip())


class CannotStart(GatekeeperError):
    """A program that is not there, or that we may not run."""

    exit_code = 2

    def __init__(self, command: Command, reason: str, *, next_step: str) -> None:
        self.command = command
        super().__init__(f"cannot {command.purpose}: {reason}", next_step=next_step)


Hear = Callable[[str], None]


def run(command: Command, hear: Hear | None = None) -> Finished:
    """Run a command to its end, or start it and leave it running if it is a background one.

    A command that takes longer than its timeout is ended together with everything it started. `hear` is given each
    line, scrubbed, as soon as the command has said it.
    """
    return _start_in_background(command) if command.background else _run_to_the_end(command, hear)


def is_running(pid: int, *, birth: int | None = None) -> bool:
    """Whether the process lives; with `birth`, whether it is still the one that had this pid then."""
    ours = _STARTED_HERE.get(pid)
    if ours is not None and ours.poll() is not None:
        del _STARTED_HERE[pid]
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    stat = _stat(pid)
    return not stat or (stat[0] != "Z" and birth in (None, int(stat[19])))


def birth_of(pid: int) -> int | None:
    """When the process began, on the kernel's clock: tells it from a later one with the same pid; None if unknown."""
    stat = _stat(pid)
    return int(stat[19]) if stat else None


def terminate(pid: int, *, birth: int | None = None, grace: timedelta = timedelta(seconds=5)) -> None:
    """End a process and its group: ask first, and kill what is still there after `grace`."""
    for request, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, timedelta(seconds=5))):
        if not is_running(pid, birth=birth):
            return
        _signal(pid, request)
        end = time.monotonic() + patience.total_seconds()
        while is_running(pid, birth=birth) and time.monotonic() < end:
            time.sleep(0.02)


def end_group(pid: int) -> None:
    """End what a process that led a group has left behind, right after it has ended itself."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def scrub(text: str, secrets: Iterable[str]) -> str:
    """The text with each secret, however it is spelled, and each longer line of one that has several, as `***`."""
    parts = {part for secret in secrets for part in (secret, *(line for line in secret.splitlines() if len(line) > 7))}
    for written in sorted({spelling for part in parts for spelling in spellings(part)}, key=len, reverse=True):
        text = text.replace(written, "***")
    return text


def _run_to_the_end(command: Command, hear: Hear | None) -> Finished:
    started = time.monotonic()
    secrets = [command.environment[name] for name in command.secret if name in command.environment]
    process = _popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    told = None if hear is None else _scrubbed(hear, secrets)
    output, errors = _Tail(process.stdout, told), _Tail(process.stderr, told)
    timed_out = False
    try:
        process.wait(command.timeout.total_seconds())
    except subprocess.TimeoutExpired:
        timed_out = True
    finally:
        if process.poll() is None:
            _signal(process.pid, signal.SIGKILL)
            process.wait()
    late = f"\nended: it took longer than {command.timeout.total_seconds():g} s" if timed_out else ""
    return Finished(
        exit_code=TIMED_OUT if timed_out else process.returncode,
        output=scrub(output.text(), secrets),
        seconds=time.monotonic() - started,
        pid=process.pid,
        errors=scrub(errors.text(), secrets) + late,
    )


def _start_in_background(command: Command) -> Finished:
    log = command.log or Path(os.devnull)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.touch(mode=0o600)
    with log.open("ab") as sink:
        process = _popen(command, stdout=sink, stderr=subprocess.STDOUT)
    _STARTED_HERE[process.pid] = process
    return Finished(exit_code=0, output="", seconds=0.0, pid=process.pid)


def _popen(command: Command, *, stdout: int | IO[bytes], stderr: int) -> subprocess.Popen[bytes]:
    program = command.arguments[0]
    if command.directory is not None and not command.directory.is_dir():
        raise CannotStart(
            command, f"there is no folder {command.directory}", next_step="Correct the folder in the settings."
        )
    try:
        return subprocess.Popen(
            command.arguments,
            env={**os.environ, **command.environment},
            cwd=command.directory,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            **_identity(command.user),
        )
    except FileNotFoundError as error:
        raise CannotStart(
            command,
            f"there is no program {program!r}",
            next_step="Install it, or put its folder on PATH, or write its full path in the settings.",
        ) from error
    except OSError as error:
        raise CannotStart(
            command,
            f"{program!r} does not start: {error.strerror}",
            next_step="Check that the file is a program and may be run.",
        ) from error


def _identity(user: str | None) -> dict[str, Any]:
    """The account that a program runs under, with its own group and no other."""
    return {} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": ()}


def _scrubbed(hear: Hear, secrets: Iterable[str]) -> Hear:
    return lambda line: hear(scrub(line, secrets))


class _Tail:
    """Reads a pipe to its end on a thread of its own and keeps the last part; whole lines where something was cut.

    What it reads is told line by line, where somebody hears.
    """

    def __init__(self, pipe: IO[bytes], hear: Hear | None = None) -> None:
        self._pipe, self._kept, self._was_cut = pipe, bytearray(), False
        self._hear, self._unheard = hear, b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with contextlib.suppress(ValueError), self._pipe:
            while chunk := self._pipe.read1(65536):  # type: ignore[attr-defined]  # Popen makes buffered readers
                self._kept += chunk
                self._tell(chunk)
                if (surplus := len(self._kept) - KEPT_OF_OUTPUT) > 0:
                    del self._kept[:surplus]
                    self._was_cut = True
            self._tell(b"\n" if self._unheard else b"")

    def _tell(self, chunk: bytes) -> None:
        if self._hear is None:
            return
        *lines, self._unheard = (self._unheard + chunk).split(b"\n")
        for line in lines:
            self._hear(line.decode("utf-8", errors="replace").rstrip("\r"))

    def text(self) -> str:
        """What was read; a daemon that keeps the pipe open is not waited for."""
        self._thread.join(timeout=1)
        text = bytes(self._kept).decode("utf-8", errors="replace")
        return "[…]\n" + text.partition("\n")[2] if self._was_cut else text


def _signal(pid: int, request: signal.Signals) -> None:
    """To the whole group where the process leads one, as all that we start do."""
    with contextlib.suppress(ProcessLookupError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, request)
        else:
            os.kill(pid, request)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; empty where there is no /proc or no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
