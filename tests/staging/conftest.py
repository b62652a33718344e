"""One embedded server for a worker's tests, and an empty scratch database for each test."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from gatekeeper.staging.scratch import Scratch, scratch
from gatekeeper.staging.server import StagingServer, embedded_server


@pytest.fixture(scope="session")
def server() -> Iterator[StagingServer]:
    with embedded_server() as started:
        yield started


@pytest.fixture(scope="session")
def databases(server: StagingServer) -> Iterator[Scratch]:
    with scratch(server) as made:
        yield made


@pytest.fixture
def connection(server: StagingServer, databases: Scratch) -> Iterator[Connection[Any]]:
    name = databases.create()
    with contextlib.closing(server.connect(name)) as opened:
        yield opened
    databases.drop(name)
