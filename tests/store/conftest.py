import pytest

from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer
from tests.conftest import url_of


@pytest.fixture
def postgresql_url(server: StagingServer, scratch_databases: Scratch) -> str:
    """The URL of an empty database."""
    return url_of(server, scratch_databases.create())
