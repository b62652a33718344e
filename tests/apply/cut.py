"""A network that fails at a chosen moment: a proxy before the server that cuts the connection at a word."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg.conninfo import conninfo_to_dict


@dataclass
class Cut:
    """The proxy's address for libpq, and how often it has cut.

    `passes_on`: the server still gets what held the word.
    """

    url: str
    word: bytes
    passes_on: bool
    left: int = 1
    done: int = 0


@contextmanager
def cutting(url: str, word: str, *, passes_on: bool) -> Iterator[Cut]:
    """A way to the database of `url` (by a socket folder) that is cut once, when a client says the word."""
    parts = conninfo_to_dict(url)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        cut = Cut(f"host=127.0.0.1 port={port} user=postgres dbname={parts['dbname']}", word.encode(), passes_on)
        threading.Thread(target=_accept, args=(listener, str(parts["host"]), cut), daemon=True).start()
        yield cut


def _accept(listener: socket.socket, folder: str, cut: Cut) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{folder}/.s.PGSQL.5432")
            threading.Thread(target=_forth, args=(client, server, cut), daemon=True).start()
            threading.Thread(target=_back, args=(server, client), daemon=True).start()


def _forth(client: socket.socket, server: socket.socket, cut: Cut) -> None:
    with contextlib.suppress(OSError), client, server:
        while data := client.recv(65536):
            if cut.left and cut.word in data:
                cut.left, cut.done = cut.left - 1, cut.done + 1
                client.shutdown(socket.SHUT_RDWR)  # the answer has no way back
                if cut.passes_on:
                    server.sendall(data)
                    server.shutdown(socket.SHUT_WR)
                    while server.recv(65536):
                        pass
                return
            server.sendall(data)


def _back(server: socket.socket, client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := server.recv(65536):
            client.sendall(data)
        client.shutdown(socket.SHUT_RDWR)
