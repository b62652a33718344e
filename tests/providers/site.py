"""A tiny application in versions, for deploys on this machine: `python site.py FOLDER VERSION PORT`.

A version that ends in -broken answers 500, one in -liar names another version, one in -crash says its secret at length
and ends, one in -slow takes its time until FOLDER/ready exists. Each process adds its pid to FOLDER/pids.
"""

import hashlib
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: Path
    version: str

    def do_GET(self) -> None:
        pages = {
            "/health": self.health,
            "/cookies": self.cookies,
            "/stream": self.stream,
            "/unchanged": self.unchanged,
            "/break": self.break_off,
            "/silence": self.close_without_a_word,
            "/environment": self.environment,
        }
        pages.get(self.path, self.echo)()

    def do_POST(self) -> None:
        self.echo()

    def do_HEAD(self) -> None:
        self.echo()

    def do_DELETE(self) -> None:
        self.echo()

    def health(self) -> None:
        if self.version.endswith("-slow"):
            while not (self.folder / "ready").exists():
                time.sleep(0.02)
        named = "v0" if self.version.endswith("-liar") else self.version
        self.answer({"status": "ok", "version": named}, 500 if self.version.endswith("-broken") else 200)

    def environment(self) -> None:
        secret = os.environ.get("DATABASE_URL", "")
        self.answer({"sha256": hashlib.sha256(secret.encode()).hexdigest()})

    def echo(self) -> None:
        body = self.body()
        self.answer(
            {
                "method": self.command,
                "target": self.path,
                "headers": [[name.lower(), value] for name, value in self.headers.items()],
                "length": len(body),
                "sha256": hashlib.sha256(body).hexdigest(),
            }
        )

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def answer(self, told: object, status: int = 200) -> None:
        text = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("X-Version", self.version)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def cookies(self) -> None:
        self.send_response(200)
        self.send_header("Set-Cookie", "a=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT; Path=/")
        self.send_header("Set-Cookie", "b=2; HttpOnly")
        self.send_header("Connection", "keep-alive, X-Inner")
        self.send_header("X-Inner", "of this connection only")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def stream(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nfirst\r\n")
        while not (self.folder / "go-on").exists():
            time.sleep(0.02)
        self.wfile.write(b"4\r\nlast\r\n0\r\n\r\n")

    def unchanged(self) -> None:
        self.send_response(304)
        self.send_header("ETag", '"x"')
        self.send_header("Content-Length", "100")
        self.end_headers()

    def break_off(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"only this")
        self.close_connection = True

    def close_without_a_word(self) -> None:
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


def main(folder: Path, version: str, port: int) -> None:
    with (folder / "pids").open("a") as file:
        file.write(f"{os.getpid()}\n")
    if version.endswith("-crash"):
        sys.exit(f"{'x' * 9000} {os.environ['DATABASE_URL']}\ncannot connect to {os.environ['DATABASE_URL']}")
    Site.folder, Site.version = folder, version
    ThreadingHTTPServer(("127.0.0.1", port), Site).serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
