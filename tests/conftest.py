"""One embedded PostgreSQL for each worker, which every room shares; what is in it, each test makes for itself."""

import signal
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from hypothesis import settings
from psycopg.conninfo import conninfo_to_dict

from gatekeeper.staging.scratch import Scratch, scratch
from gatekeeper.staging.server import StagingServer, embedded_server

# Whoever runs the tests in the background of a shell has Ctrl-C ignored, and our programs would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("no-clock", deadline=None)  # a busy machine is no failing example
settings.load_profile("no-clock")


@pytest.fixture(scope="session")
def embedded() -> Iterator[StagingServer]:
    with embedded_server() as server:
        yield server


@pytest.fixture(scope="session")
def server(embedded: StagingServer) -> StagingServer:
    """The server of a room's tests; a room that means several says so itself."""
    return embedded


@pytest.fixture(scope="session")
def scratch_databases(embedded: StagingServer) -> Iterator[Scratch]:
    with scratch(embedded) as databases:
        yield databases


def until(is_so: Callable[[], object], seconds: float = 30) -> None:
    """Wait for something that another process or thread brings about."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"it did not come to that within {seconds:g} seconds"
        time.sleep(0.02)


def url_of(server: StagingServer, database: str) -> str:
    """A database on the server as a URL, the form in which settings hold it."""
    parts = conninfo_to_dict(server.url)
    return f"postgresql://{parts['user']}@/{database}?host={quote(str(parts['host']), safe='')}"
