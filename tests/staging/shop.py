"""A tiny application for rehearsals: python shop.py VERSION PORT, with DATABASE_URL; it starts a second process.

GET /health answers 200 when the database does; GET /orders reads `note`, which v1 needs and v2 does not.
"""

import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg


class Shop(BaseHTTPRequestHandler):
    version = ""

    def do_GET(self) -> None:
        column = "note" if self.version == "v1" else "id"
        query = f"SELECT {column} FROM orders" if self.path == "/orders" else "SELECT 1"
        try:
            with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
                found = connection.execute(query.encode()).fetchall()
        except psycopg.Error:
            self.send_response(500)
            self.end_headers()
            return
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


if __name__ == "__main__":
    Shop.version = sys.argv[1]
    with open(os.environ["PIDS"], "a", encoding="utf-8") as pids:  # noqa: PTH123
        child = subprocess.Popen(
            [sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"]
        )
        pids.write(f"{os.getpid()} {child.pid}\n")
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Shop).serve_forever()
