"""The line to the site: whatever comes over it, and however slowly, it is cut at one deadline.

httpx limits each single wait, so that a server which sends a byte now and then could keep us for ever.
"""

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

_PIECE = 64 * 1024


def cut_at(client: httpx.Client, deadline: float) -> None:
    """From now on every wait of this client ends at `deadline` (`time.monotonic`), its proxies' included."""
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx.HTTPTransport):
            # httpx has no door for a network backend; httpcore, which it stands on, has.
            transport._pool._network_backend = _Network(deadline)


class _Network(httpcore.NetworkBackend):
    def __init__(self, deadline: float) -> None:
        self._deadline, self._under = deadline, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, timeout, httpcore.ConnectTimeout)
        return _Line(self._under.connect_tcp(host, port, left, local_address, socket_options), self._deadline)

    def sleep(self, seconds: float) -> None:
        self._under.sleep(seconds)


class _Line(httpcore.NetworkStream):
    def __init__(self, under: httpcore.NetworkStream, deadline: float) -> None:
        self._under, self._deadline = under, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._under.read(max_bytes, _left(self._deadline, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE):
            left = _left(self._deadline, timeout, httpcore.WriteTimeout)
            self._under.write(buffer[start : start + _PIECE], left)

    def close(self) -> None:
        self._under.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, timeout, httpcore.ConnectTimeout)
        return _Line(self._under.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._under.get_extra_info(info)


def _left(deadline: float, timeout: float | None, over: type[httpcore.TimeoutException]) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise over("the time is over")
    return left if timeout is None else min(left, timeout)
