"""The staging server and the target database."""

from collections.abc import Iterator
from typing import Any

from psycopg import Connection

from gatekeeper.apply.session import direct
from gatekeeper.config.settings import Settings
from gatekeeper.doctor.examined import Examined, advice, unused, well, wrong
from gatekeeper.staging.cluster import embedded_binaries
from gatekeeper.staging.server import configured_server

_SEES_OTHERS = "SELECT pg_has_role('pg_read_all_stats', 'USAGE')"
_MAY_SET = "SELECT has_parameter_privilege('deadlock_timeout', 'SET')"
_IS_STANDBY = "SELECT pg_is_in_recovery()"
_PARAMETER_PRIVILEGES_SINCE = 150000


def staging(settings: Settings) -> Iterator[Examined]:
    """The configured server lets us make scratch databases, or the embedded one is installed."""
    if settings.staging.url is None:
        embedded_binaries()
        yield well("staging", "the embedded PostgreSQL, private to each run; [staging] url names another server")
        return
    server = configured_server(settings.staging.url.get_secret_value())
    yield well("staging", f"PostgreSQL {server.version} on {server.host}; scratch databases may be made")
    yield from _same_version("staging", server.version, settings)


def target(settings: Settings) -> Iterator[Examined]:
    """Reached directly, by a role that sees who is in its way; raises DatabaseUnreachable or BehindPooler."""
    if settings.migrate.url is None:
        yield unused("target", "no database is set", "`gatekeeper migrate` needs GATEKEEPER_MIGRATE__URL.")
        return
    with direct(settings.migrate.url.get_secret_value()) as connection:
        version = connection.info.server_version
        yield well("target", f"PostgreSQL {version // 10000}, by a direct connection as {connection.info.user}")
        yield from _role(connection)
        yield from _same_version("target", version // 10000, settings)


def _role(connection: Connection[Any]) -> Iterator[Examined]:
    role = connection.info.user
    if _answer(connection, _IS_STANDBY):
        yield wrong("target", "it is a standby, which is read only", "Set `url` under [migrate] to the primary.")
    if not _answer(connection, _SEES_OTHERS):
        yield advice(
            "target",
            f"{role} cannot see what other sessions do, so nobody can be told who holds a lock",
            f'GRANT pg_read_all_stats TO "{role}";',
        )
    if connection.info.server_version >= _PARAMETER_PRIVILEGES_SINCE and not _answer(connection, _MAY_SET):
        yield advice(
            "target",
            f"{role} may not set deadlock_timeout, so autovacuum stands in the way of a migration for up to a second",
            f'GRANT SET ON PARAMETER deadlock_timeout TO "{role}";',
        )


def _same_version(subject: str, version: int, settings: Settings) -> Iterator[Examined]:
    if version != settings.lint.server_version:
        yield advice(
            subject,
            f"it runs PostgreSQL {version}, and the linter is told that production runs {settings.lint.server_version}",
            f"Set server_version = {version} under [lint], or prove rollbacks on the version of production.",
        )


def _answer(connection: Connection[Any], question: str) -> bool:
    row = connection.execute(question.encode()).fetchone()
    return bool(row and row[0])
