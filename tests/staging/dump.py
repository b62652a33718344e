"""`pg_dump --schema-only` as lines that can be compared."""

import re

from gatekeeper.model.action import Command
from gatekeeper.process import run
from gatekeeper.staging.at_hand import ServerKind
from gatekeeper.staging.cluster import embedded_binaries, machine_binaries
from gatekeeper.staging.server import StagingServer
from tests.conftest import url_of

_NOISE = re.compile(r"^(--.*|\\(un)?restrict .*|)$")
_GENERATED_NAME = re.compile(r"CONSTRAINT \w+_not_null[0-9]* (?=NOT NULL)")


def schema_text(server: StagingServer, database: str) -> list[str]:
    """The dump's lines in its own order, without comments and without the key that is another one every time."""
    own = embedded_binaries() if server.kind is ServerKind.EMBEDDED else machine_binaries()[server.version]
    command = Command((str(own / "pg_dump"), "--schema-only", url_of(server, database)), "dump the schema")
    dumped = run(command)
    assert dumped.is_good, dumped.told
    return [line for line in dumped.output.splitlines() if not _NOISE.match(line)]


def schema_lines(server: StagingServer, database: str) -> list[str]:
    """The lines sorted, so that the order of columns does not count, nor do the names that PostgreSQL makes up."""
    return sorted(_GENERATED_NAME.sub("", line.rstrip(",")) for line in schema_text(server, database))
