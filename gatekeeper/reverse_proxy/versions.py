"""Starts versions, switches between them, stops them; doing again what is done already does nothing."""

import os
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from gatekeeper.errors import GatekeeperError
from gatekeeper.model.action import Command
from gatekeeper.process import birth_of, is_running, run, terminate
from gatekeeper.reverse_proxy.readiness import Health, wait_until_ready
from gatekeeper.reverse_proxy.state import Instance, State, locked, port_for, read, write

_SHOWN_LINES = 5
_READ_OF_LOG = 8192
_PROXY_PATIENCE = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Program:
    """How a version is started: `{port}` in its words is filled in, and so is the version's name."""

    words: tuple[str, ...]
    ports: tuple[int, ...]
    health: Health


class NotReady(GatekeeperError):
    """A version that was started did not become healthy; it was ended, and what served goes on.

    The problem stands after the program's own words: where a long text is shortened, its end is kept.
    """

    def __init__(self, version: str, problem: str, log: Path, last_lines: Sequence[str]) -> None:
        super().__init__(
            f"{version} did not become ready",
            seen=[*last_lines, problem],
            next_step=f"Its output is in {log}. The version that served before was not touched.",
        )


class PortTaken(GatekeeperError):
    """Somebody else listens where we want to."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"port {port} is taken by a process that was not started here",
            next_step="End that process, or choose another port under [deploy.options].",
        )


class DoesNotRun(GatekeeperError):
    """A version that would have to run, and doesn't."""

    def __init__(self, version: str) -> None:
        super().__init__(f"{version} does not run", next_step="Start it first; nothing was changed.")


class Serves(GatekeeperError):
    """The version that serves is not stopped by accident."""

    exit_code = 2

    def __init__(self, version: str) -> None:
        super().__init__(
            f"{version} serves; it was not stopped", next_step="Switch to another version first, or use stop-all."
        )


def start(folder: Path, version: str, program: Program) -> str:
    """Run a version beside the one that serves, and wait until it is ready; raises NotReady and PortTaken."""
    with locked(folder):
        state = read(folder)
        found = state.find(version)
        if found is not None and is_alive(found):
            if wait_until_ready(found, replace(program.health, patience=timedelta())) is None:
                return f"{version} runs already on port {found.port}"
            _end(found)
        port = port_for(version, state, program.ports)
        for other in state.instances:
            if other.port == port:
                _end(other)
                state = state.without(other.name)
        log = folder / f"{port}.log"
        said_before = log.stat().st_size if log.exists() else 0
        instance = _begin(version, port, _filled(program.words, version, port), log)
        write(folder, state.with_instance(instance))
        if (problem := wait_until_ready(instance, program.health)) is not None:
            _end(instance)
            write(folder, state.without(version))
            raise NotReady(version, problem, log, _last_lines(log, said_before))
        return f"{version} runs on port {port}"


def switch(folder: Path, version: str, proxy_port: int) -> str:
    """Send requests to a version that runs, from the next one on; starts the proxy where it is missing."""
    with locked(folder):
        state = read(folder)
        instance = state.find(version)
        if instance is None or not is_alive(instance):
            raise DoesNotRun(version)
        if state.serving != version:
            state = replace(state, serving=version)
            write(folder, state)
        proxy = state.proxy
        if proxy is None or proxy.port != proxy_port or not is_alive(proxy):
            if proxy is not None:
                _end(proxy)
            write(folder, replace(state, proxy=_start_proxy(folder, proxy_port)))
        return f"{version} serves on port {proxy_port}"


def serving(folder: Path) -> str | None:
    """The version that answers requests; None where the proxy or that version does not run."""
    state = read(folder)
    parts = (state.proxy, state.upstream)
    return state.serving if all(part is not None and is_alive(part) for part in parts) else None


def stop(folder: Path, version: str) -> str:
    """End a version that does not serve; raises Serves."""
    with locked(folder):
        state = read(folder)
        instance = state.find(version)
        if state.serving == version:
            raise Serves(version)
        if instance is None:
            return f"{version} does not run"
        _end(instance)
        write(folder, state.without(version))
        return f"{version} was stopped"


def stop_all(folder: Path) -> str:
    """End the proxy and every version."""
    with locked(folder):
        state = read(folder)
        ended = [one for one in (state.proxy, *state.instances) if one is not None]
        for one in ended:
            _end(one)
        write(folder, State())
        return f"stopped: {', '.join(one.name for one in ended)}" if ended else "nothing runs"


def is_alive(instance: Instance) -> bool:
    """The process is there, and it is still the same one."""
    return is_running(instance.pid, birth=instance.birth)


def _start_proxy(folder: Path, port: int) -> Instance:
    log = folder / "proxy.log"
    said_before = log.stat().st_size if log.exists() else 0
    words = (sys.executable, "-m", "gatekeeper.reverse_proxy", "serve", "--port", str(port), "--state", str(folder))
    proxy = _begin("proxy", port, words, log)
    end = time.monotonic() + _PROXY_PATIENCE.total_seconds()
    while is_alive(proxy) and time.monotonic() < end:
        if _is_open(port):
            return proxy
        time.sleep(0.05)
    _end(proxy)
    raise NotReady("the proxy", f"nothing answers on port {port}", log, _last_lines(log, said_before))


def _begin(name: str, port: int, words: tuple[str, ...], log: Path) -> Instance:
    if _is_open(port):
        raise PortTaken(port)
    started = run(Command(words, f"start {name}", background=True, log=log))
    return Instance(name, port, started.pid, birth_of(started.pid))


def _end(instance: Instance) -> None:
    terminate(instance.pid, birth=instance.birth)


def _filled(words: Sequence[str], version: str, port: int) -> tuple[str, ...]:
    return tuple(word.replace("{version}", version).replace("{port}", str(port)) for word in words)


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _last_lines(log: Path, start_at: int) -> list[str]:
    """Whole lines only: who shows them takes secrets out, and would not know a part of one."""
    with log.open("rb") as file:
        begin = max(start_at, file.seek(0, os.SEEK_END) - _READ_OF_LOG)
        file.seek(begin)
        text = file.read() if begin == start_at else file.read().partition(b"\n")[2]
    return text.decode("utf-8", errors="replace").splitlines()[-_SHOWN_LINES:]
