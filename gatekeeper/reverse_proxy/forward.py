"""Which headers go on to the version behind the proxy, and which come back: pure, names in lower case."""

from collections.abc import Iterable, Iterator

Header = tuple[bytes, bytes]

# RFC 9110, 7.6.1: what belongs to one connection only.
_OF_THE_CONNECTION = frozenset(
    {b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te"}
    | {b"trailer", b"transfer-encoding", b"upgrade"}
)
# We are the outermost server: what a client claims about where it comes from is not passed on as our word.
_CLAIMS = frozenset({b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"expect"})


def to_upstream(headers: Iterable[Header], client: str) -> list[Header]:
    """The request's headers as the version gets them."""
    kept = [header for header in _of_the_message(headers) if header[0] not in _CLAIMS]
    host = next((value for name, value in kept if name == b"host"), b"")
    told = [(b"x-forwarded-for", client.encode()), (b"x-forwarded-host", host), (b"x-forwarded-proto", b"http")]
    return [*kept, *told]


def to_client(headers: Iterable[Header]) -> list[Header]:
    """The answer's headers as the client gets them; repeated ones, such as Set-Cookie, stay apart."""
    return list(_of_the_message(headers))


def has_body(headers: Iterable[Header]) -> bool:
    """Whether a request announces a body."""
    return any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in headers)


def _of_the_message(headers: Iterable[Header]) -> Iterator[Header]:
    lowered = [(name.lower(), value) for name, value in headers]
    listed = {part.strip().lower() for name, value in lowered if name == b"connection" for part in value.split(b",")}
    for name, value in lowered:
        if name not in _OF_THE_CONNECTION and name not in listed:
            yield name, value
