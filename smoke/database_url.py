"""Database URLs as applications write them: what is Prisma's or SQLAlchemy's own, apart from PostgreSQL's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

# https://www.prisma.io/docs/orm/overview/databases/postgresql#arguments
_OF_PRISMA = {
    "connection_limit",
    "pgbouncer",
    "pool_timeout",
    "schema",
    "socket_timeout",
    "sslaccept",
    "sslidentity",
    "statement_cache_size",
}


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """`for_libpq` is what a driver may be given; `place` is where it leads, without a name or a password."""

    for_libpq: str = field(repr=False)
    place: str
    parameters: Mapping[str, str] = field(repr=False)


def parse(url: str) -> DatabaseUrl:
    """Take a URL apart; raises ValueError, which does not quote it, for what is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError("it is not a URL") from error
    dialect = parts.scheme.partition("+")[0]
    if dialect not in {"postgres", "postgresql"}:
        raise ValueError("it does not begin with postgresql://")
    parameters = dict(parse_qsl(parts.query))
    known = urlencode({name: value for name, value in parameters.items() if name not in _OF_PRISMA})
    host = parts.hostname or parameters.get("host") or "the local server"
    return DatabaseUrl(
        urlunsplit((dialect, parts.netloc, parts.path, known, "")),
        f"{host}:{port or parameters.get('port') or 5432}{parts.path}",
        parameters,
    )
