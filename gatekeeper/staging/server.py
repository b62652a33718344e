"""The server on which migrations are tried: a URL, else a private one of ours (embedded, or the machine's own)."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gatekeeper.config.settings import StagingSettings
from gatekeeper.staging.at_hand import Installed, ServerKind, choose, extensions_of, servers_at_hand
from gatekeeper.staging.cluster import embedded_binaries, machine_binaries, private_cluster
from gatekeeper.staging.errors import MissingGrant, StagingMisconfigured, StagingUnreachable
from migrations_lint.model import Migration

# A network that swallows everything is noticed within half a minute; what a statement takes has its own limit.
_PATIENCE: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
_PAGE_OF_URLS = "postgresql://user@host:5432/database"


@dataclass(frozen=True, slots=True)
class StagingServer:
    """A server that answers; `url` leads to the database from which scratch databases are made."""

    kind: ServerKind
    url: str
    version: int

    @property
    def is_ours(self) -> bool:
        """Made for this run: a superuser, nobody else's data, and nothing that has to last."""
        return self.kind is not ServerKind.CONFIGURED

    @property
    def host(self) -> str:
        """Where it is, without the password."""
        return _place(self.url)

    @property
    def user(self) -> str:
        """The role that the URL names, as far as it does."""
        return str(conninfo_to_dict(self.url).get("user", "of the staging URL"))

    def connect(self, database: str | None = None) -> Connection[Any]:
        """A new session in autocommit mode; in `database`, else in the one that the URL names."""
        return _connect(make_conninfo(self.url, dbname=database) if database else self.url)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which server it will be; nothing runs yet. `installed` is None for a configured one."""

    url: str | None
    installed: Installed | None = None

    def identity(self) -> str:
        """Whatever a proof may depend on of the server, as one text; connects to a configured one."""
        if self.installed is not None:
            one = self.installed
            return f"{one.kind.value} {one.version} {one.binaries} {sorted(one.extensions)}"
        assert self.url is not None
        with contextlib.closing(_connect(self.url)) as connection:
            told = connection.execute(_IDENTITY).fetchall()
        return f"{_place(self.url)} {told}"

    @contextlib.contextmanager
    def start(self) -> Iterator[StagingServer]:
        """The server, for as long as it is needed."""
        if self.installed is None:
            assert self.url is not None
            yield configured_server(self.url)
            return
        with private_cluster(self.installed.binaries) as cluster:
            yield StagingServer(self.installed.kind, cluster.url, self.installed.version)


_IDENTITY = """
    SELECT name, setting FROM pg_settings WHERE source <> 'client' AND name <> 'in_hot_standby'
    UNION ALL SELECT name, default_version FROM pg_available_extensions
    UNION ALL SELECT rolname, rolsuper::text FROM pg_roles WHERE rolname = current_user ORDER BY 1, 2
"""


def choose_server(url: str | None = None, *, version: int | None = None, extensions: Iterable[str] = ()) -> Choice:
    """The configured server; else, of those at hand, the one that fits production's `version` and the `extensions`.

    Without a version it is the embedded PostgreSQL. Raises StagingUnreachable where there is none at all.
    """
    if url is not None:
        return Choice(url)
    at_hand = servers_at_hand()
    chosen = choose(at_hand, version, extensions) if version is not None else next(iter(at_hand), None)
    if chosen is None:
        embedded_binaries()  # which says what to install
    return Choice(None, chosen)


def server_for(
    history: Sequence[Migration], settings: StagingSettings, *, version: int | None, named: str | None = None
) -> Choice:
    """Where a history runs: on the server that somebody `named`, or the settings; else on the one at hand that fits."""
    configured = settings.url.get_secret_value() if settings.url else None
    return choose_server(named or configured, version=version, extensions=extensions_of(history))


@contextlib.contextmanager
def staging_server(
    url: str | None = None, *, version: int | None = None, extensions: Iterable[str] = ()
) -> Iterator[StagingServer]:
    """The server that `choose_server` chooses, running.

    Raises StagingMisconfigured, StagingUnreachable or MissingGrant.
    """
    with choose_server(url, version=version, extensions=extensions).start() as server:
        yield server


def configured_server(url: str) -> StagingServer:
    """Somebody's staging server, once it has answered and our role may create databases there."""
    with contextlib.closing(_connect(url)) as connection:
        if not _answer(connection, "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"):
            raise MissingGrant(connection.info.user, _place(url))
        if _answer(connection, "SELECT pg_is_in_recovery()"):
            raise StagingMisconfigured(
                f"the staging server on {_place(url)} is a standby, which is read only",
                next_step="Name its primary, or leave out --staging to use a server of our own.",
            )
        return StagingServer(ServerKind.CONFIGURED, url, connection.info.server_version // 10000)


@contextlib.contextmanager
def embedded_server() -> Iterator[StagingServer]:
    """The PostgreSQL that comes with gatekeeper, private to this process, stopped at the end."""
    with private_cluster(embedded_binaries()) as cluster:
        yield StagingServer(ServerKind.EMBEDDED, cluster.url, _version(cluster.url))


@contextlib.contextmanager
def machine_server(version: int) -> Iterator[StagingServer]:
    """A private cluster run by the machine's own PostgreSQL programs of this major version."""
    binaries = machine_binaries()
    if version not in binaries:
        raise StagingUnreachable(
            f"this machine has no PostgreSQL {version}",
            seen=[f"found: {', '.join(map(str, sorted(binaries))) or 'none'}"],
            next_step=f"Install the packages of PostgreSQL {version}, or leave the choice to gatekeeper.",
        )
    with private_cluster(binaries[version]) as cluster:
        yield StagingServer(ServerKind.MACHINE, cluster.url, version)


def _answer(connection: Connection[Any], question: str) -> bool:
    row = connection.execute(question.encode()).fetchone()
    return bool(row and row[0])


def _version(url: str) -> int:
    with contextlib.closing(_connect(url)) as connection:
        return connection.info.server_version // 10000


def _connect(url: str) -> Connection[Any]:
    try:
        return psycopg.connect(url, autocommit=True, application_name="gatekeeper verify", **_PATIENCE)
    except psycopg.ProgrammingError as error:
        raise StagingMisconfigured(
            "the staging URL is not a connection string", next_step=f"Write it as {_PAGE_OF_URLS}."
        ) from error
    except psycopg.OperationalError as error:
        raise StagingUnreachable(
            f"cannot connect to the staging server on {_place(url)}",
            seen=[str(error).strip().replace("\n", " ")],
            next_step="Check that it runs and that the URL is right, or leave out --staging to use the embedded one.",
        ) from error


def _place(url: str) -> str:
    parts = conninfo_to_dict(url)
    return f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}, database {parts.get('dbname', 'postgres')}"
