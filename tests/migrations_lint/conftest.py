"""Real servers for the facts: PostgreSQL 18 embedded, the machine's own, and those of GATEKEEPER_TEST_SERVERS."""

import os
from collections.abc import Iterator

import pytest

from gatekeeper.staging.cluster import machine_binaries
from gatekeeper.staging.scratch import Scratch, scratch
from gatekeeper.staging.server import StagingServer, configured_server, machine_server

# URLs with blanks between them, of servers on which our role may create databases; any versions from 12 on.
FURTHER = os.environ.get("GATEKEEPER_TEST_SERVERS", "").split()


@pytest.fixture(scope="session")
def machine() -> Iterator[StagingServer]:
    versions = [version for version in machine_binaries() if version >= 12]
    if not versions:
        pytest.skip("this machine has no PostgreSQL binaries of its own (version 12 or newer)")
    with machine_server(max(versions)) as server:
        yield server


@pytest.fixture(scope="session", params=["embedded", "machine", *FURTHER], ids=lambda param: param.rpartition("@")[2])
def server(request: pytest.FixtureRequest) -> StagingServer:
    """Each server at hand in turn."""
    if request.param in FURTHER:
        return configured_server(request.param)
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
