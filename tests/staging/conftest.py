"""An empty scratch database for each test."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer


@pytest.fixture
def connection(server: StagingServer, scratch_databases: Scratch) -> Iterator[Connection[Any]]:
    name = scratch_databases.create()
    with contextlib.closing(server.connect(name)) as opened:
        yield opened
    scratch_databases.drop(name)
