"""An empty scratch database for each test, and the servers of every version that this machine can run."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from gatekeeper.staging.cluster import machine_binaries
from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer, machine_server

_MACHINE = sorted(machine_binaries())


@pytest.fixture
def connection(server: StagingServer, scratch_databases: Scratch) -> Iterator[Connection[Any]]:
    name = scratch_databases.create()
    with contextlib.closing(server.connect(name)) as opened:
        yield opened
    scratch_databases.drop(name)


@pytest.fixture(scope="session", params=["embedded", *_MACHINE])
def any_server(request: pytest.FixtureRequest, embedded: StagingServer) -> Iterator[StagingServer]:
    """The embedded PostgreSQL, and each that is installed on the machine."""
    if request.param == "embedded":
        yield embedded
    else:
        with machine_server(request.param) as server:
            yield server
