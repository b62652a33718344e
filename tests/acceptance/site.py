"""A tiny site for whole releases: it serves the version that a file names, and is deployed by rewriting that file.

    python site.py serve FOLDER PORT     GET /api/health answers 200, or 500 for a version that ends in -broken;
                                         any other path answers 500 for one that ends in -unwell
    python site.py deploy FOLDER VERSION
    python site.py status FOLDER

While FOLDER/slow exists, answers of a version with -slow in its name take their time, so that a test can kill whoever
waits for them.
"""

import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Site(BaseHTTPRequestHandler):
    folder: Path

    def do_GET(self) -> None:
        version = (self.folder / "serving").read_text()
        if "-slow" in version and (self.folder / "slow").exists():
            (self.folder / "asked").touch()
            time.sleep(8)
        unwell = version.endswith("-unwell") and self.path != "/api/health"
        self.send_response(500 if unwell or version.endswith("-broken") else 200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(f'{{"status": "ok", "version": "{version}"}}'.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


def main(command: str, folder: Path, *words: str) -> None:
    if command == "serve":
        Site.folder = folder
        ThreadingHTTPServer(("127.0.0.1", int(words[0])), Site).serve_forever()
    elif command == "deploy":
        (folder / "serving").write_text(words[0])
        with (folder / "deploys").open("a") as log:
            log.write(f"{words[0]}\n")
    else:
        print((folder / "serving").read_text())  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
