"""Which versions run on which ports, and which one serves: one small file, replaced as a whole."""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from gatekeeper.errors import GatekeeperError

_FILE, _LOCK = "state.json", "lock"


@dataclass(frozen=True, slots=True)
class Instance:
    """A process that listens; `birth` tells it from a later one with the same pid."""

    name: str
    port: int
    pid: int
    birth: int | None


@dataclass(frozen=True, slots=True)
class State:
    """What was started; whether it still lives is for `gatekeeper.process` to say."""

    serving: str | None = None
    instances: tuple[Instance, ...] = ()
    proxy: Instance | None = None

    def find(self, version: str) -> Instance | None:
        """The instance of a version, if one was started."""
        return next((one for one in self.instances if one.name == version), None)

    @property
    def upstream(self) -> Instance | None:
        """The instance that requests go to."""
        return self.find(self.serving) if self.serving is not None else None

    def with_instance(self, instance: Instance) -> "State":
        """Remember an instance in the place of whatever had its version or its port."""
        others = (one for one in self.instances if one.name != instance.name and one.port != instance.port)
        return replace(self, instances=(*others, instance))

    def without(self, version: str) -> "State":
        """Forget the instance of a version."""
        return replace(self, instances=tuple(one for one in self.instances if one.name != version))


class StateUnreadable(GatekeeperError):
    """The state file is not what we wrote."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} cannot be read",
            seen=[reason],
            next_step="End the processes that listen on the ports of [deploy.options], remove the file, deploy again.",
        )


def port_for(version: str, state: State, ports: Sequence[int]) -> int:
    """Where a version is to run: never on the port of another one that serves."""
    taken = {state.upstream.port} if state.upstream is not None and state.serving != version else set[int]()
    free = [port for port in ports if port not in taken]
    used = {one.port for one in state.instances if one.name != version}
    return min(free, key=lambda port: (port in used, free.index(port)))


def read(folder: Path) -> State:
    """The state of a folder, empty where there is none yet; raises StateUnreadable."""
    path = folder / _FILE
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return State(
            serving=entries["serving"],
            instances=tuple(Instance(**entry) for entry in entries["instances"]),
            proxy=Instance(**entries["proxy"]) if entries["proxy"] else None,
        )
    except FileNotFoundError:
        return State()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StateUnreadable(path, f"{type(error).__name__}: {error}") from error


def write(folder: Path, state: State) -> None:
    """Replace the state: whoever reads meanwhile sees the old one or the new one, never a part."""
    draft = folder / f"{_FILE}.{os.getpid()}"
    with draft.open("w", encoding="utf-8") as file:
        json.dump(asdict(state), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / _FILE)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One at a time: whoever changes what runs waits here for the one who does so now."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
