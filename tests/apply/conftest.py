"""A target database of its own for each test, on the embedded PostgreSQL."""

from collections.abc import Iterator

import pytest
from psycopg.conninfo import make_conninfo

from gatekeeper.staging.scratch import scratch
from gatekeeper.staging.server import StagingServer


@pytest.fixture
def target(server: StagingServer) -> Iterator[str]:
    with scratch(server) as databases:
        yield make_conninfo(server.url, dbname=databases.create())
