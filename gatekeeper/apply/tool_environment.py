"""How a native tool's connections get our timeouts and our name: by PGOPTIONS, or by the URL. Pure.

libpq and the drivers that follow it read PGOPTIONS and PGAPPNAME (PostgreSQL 18, 32.15 Environment Variables); the
others take `options` and `application_name` from their URL (pgjdbc: `options`, `ApplicationName`). Every server
takes `-c name=value` from `options` when a session starts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from gatekeeper.apply.tools import Tool

_SCHEMES = ("postgres", "postgresql", "pgx", "pgx4", "pgx5")
_HERE = frozenset({"", "localhost", "127.0.0.1", "::1"})
_VARIABLE_OF = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}


@dataclass(frozen=True, slots=True)
class SessionWish:
    """What every session of the tool is to have: a name by which it is known, and parameters; no value has a space."""

    application: str
    parameters: Mapping[str, str]

    @property
    def options(self) -> str:
        """As the server takes them at the start of a session."""
        return " ".join(f"-c {name}={value}" for name, value in self.parameters.items())


@dataclass(frozen=True, slots=True)
class ToolStart:
    """The command and what is added to its environment; `secrets` must not show in what it says."""

    words: tuple[str, ...]
    environment: Mapping[str, str]
    secrets: frozenset[str]


def tool_start(
    words: Sequence[str], tool: Tool, target: Mapping[str, str], environment: Mapping[str, str], wish: SessionWish
) -> ToolStart:
    """The command as it is to be started; `target` has the parameters of libpq's that lead to the database.

    A URL that leads to the target, in a variable or among the words, keeps its own spelling and gets the options; the
    tool's own variables lead to the target in any case.
    """
    added = {variable: target[name] for name, variable in _VARIABLE_OF.items() if target.get(name)}
    added["PGOPTIONS"] = f"{environment.get('PGOPTIONS', '')} {wish.options}".strip()
    added["PGAPPNAME"] = wish.application
    if not tool.reads_libpq_variables:
        added |= {name: with_options(value, wish) for name, value in environment.items() if leads_to(value, target)}
    for name in tool.variables:
        given = environment.get(name, "")
        added[name] = with_options(given if leads_to(given, target) else url_to(target, tool), wish)
    started = tuple(_word(word, target, wish) for word in words)
    return ToolStart(started, added, frozenset(filter(None, _passwords(words, target, added))))


def leads_to(url: str, target: Mapping[str, str]) -> bool:
    """Whether a text is a URL, as libpq, JDBC or SQLAlchemy spell it, of the target's server and database."""
    parts = _split(url)
    if parts is None:
        return False
    query = dict(parse_qsl(parts.query))
    try:
        host, port = parts.hostname or query.get("host", ""), str(parts.port or query.get("port", "5432"))
    except ValueError:
        return False
    return (
        _same_host(unquote(host), target.get("host", ""))
        and port == target.get("port", "5432")
        and unquote(parts.path.lstrip("/")) == target.get("dbname", "")
    )


def with_options(url: str, wish: SessionWish) -> str:
    """The URL with our options behind its own and our name in place of its own; everything else as it was written."""
    parts = _split(url)
    assert parts is not None
    is_jdbc = url.startswith("jdbc:")
    name = "ApplicationName" if is_jdbc else "application_name"
    own = " ".join(value for key, value in parse_qsl(parts.query) if key == "options")
    kept = [part for part in parts.query.split("&") if part and part.partition("=")[0] not in {"options", name}]
    ours = urlencode({"options": f"{own} {wish.options}".strip(), name: wish.application}, quote_via=quote)
    query = "&".join([*kept, ours])
    made = urlunsplit(parts._replace(query=query))
    if not parts.netloc:  # a socket: urlunsplit forgets the empty place of the host
        made = f"{parts.scheme}://{made.partition(':')[2].removeprefix('//')}"
    return ("jdbc:" if is_jdbc else "") + made


def url_to(target: Mapping[str, str], tool: Tool) -> str:
    """The target as a URL, in the way that the tool's driver reads it."""
    host, port = target.get("host", ""), target.get("port", "")
    query = {key: value for key, value in target.items() if key.startswith("ssl")}
    if host.startswith("/"):
        query["host"] = host
        if port:
            query["port"] = port
    address = "" if host.startswith("/") else (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    user, password = quote(target.get("user", ""), safe=""), quote(target.get("password", ""), safe="")
    if tool.is_jdbc:
        query |= {key: target[key] for key in ("user", "password") if target.get(key)}
        scheme, who = "jdbc:postgresql", ""
    else:
        scheme, who = "postgresql", user + (f":{password}" if password else "") + ("@" if user else "")
    tail = f"?{urlencode(query, quote_via=quote)}" if query else ""
    return f"{scheme}://{who}{address}/{quote(target.get('dbname', ''), safe='')}{tail}"


def _word(word: str, target: Mapping[str, str], wish: SessionWish) -> str:
    """An argument that is a URL of the target, also as `--name=URL`."""
    name, equals, value = word.partition("=") if word.startswith("-") else ("", "", word)
    return name + equals + with_options(value, wish) if leads_to(value, target) else word


def _passwords(words: Sequence[str], target: Mapping[str, str], added: Mapping[str, str]) -> Sequence[str]:
    urls = [word.partition("=")[2] if word.startswith("-") else word for word in words] + list(added.values())
    parts = [split for split in map(_split, urls) if split is not None]
    asked = [value for split in parts for key, value in parse_qsl(split.query) if key == "password"]
    return [target.get("password", ""), *(unquote(split.password or "") for split in parts), *asked]


def _split(url: str) -> SplitResult | None:
    bare = url.removeprefix("jdbc:")
    scheme = bare.partition("://")[0]
    if "://" not in bare or scheme.partition("+")[0] not in _SCHEMES:
        return None
    try:
        return urlsplit(bare)
    except ValueError:
        return None


def _same_host(one: str, other: str) -> bool:
    return one.lower() == other.lower() or {one, other} <= _HERE
