"""The command line run in this process, errors turned into sentences as the program does."""

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from gatekeeper.cli import cli
from gatekeeper.cli.shared import run_to_exit_code


@dataclass(frozen=True)
class Ran:
    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


def gatekeeper(*arguments: str | Path) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    words = ["gatekeeper", *map(str, arguments)]
    with patch("sys.argv", words), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_to_exit_code(cli)
    return Ran(code, out.getvalue(), err.getvalue())
