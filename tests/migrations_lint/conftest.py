"""Real servers for the facts: PostgreSQL 18 embedded, and the machine's own where there is one."""

from collections.abc import Iterator

import pytest

from gatekeeper.staging.cluster import machine_binaries
from gatekeeper.staging.scratch import Scratch, scratch
from gatekeeper.staging.server import StagingServer, machine_server


@pytest.fixture(scope="session")
def machine() -> Iterator[StagingServer]:
    versions = [version for version in machine_binaries() if version >= 12]
    if not versions:
        pytest.skip("this machine has no PostgreSQL binaries of its own (version 12 or newer)")
    with machine_server(max(versions)) as server:
        yield server


@pytest.fixture(scope="session", params=["embedded", "machine"])
def server(request: pytest.FixtureRequest) -> StagingServer:
    """Each server at hand in turn."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, StagingServer)
    return found


@pytest.fixture(scope="session")
def databases(server: StagingServer) -> Iterator[Scratch]:
    with scratch(server) as databases:
        yield databases


@pytest.fixture(scope="session")
def embedded_databases(embedded: StagingServer) -> Iterator[Scratch]:
    with scratch(embedded) as databases:
        yield databases
