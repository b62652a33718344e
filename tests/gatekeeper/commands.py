"""Runs a command of the program in this process, as the shell would see it."""

from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from unittest.mock import patch

from gatekeeper.cli import cli
from gatekeeper.cli.shared import run_to_exit_code


@dataclass(frozen=True)
class Answer:
    exit_code: int
    out: str
    err: str


def gatekeeper(*words: object) -> Answer:
    out, err = StringIO(), StringIO()
    with patch("sys.argv", ["gatekeeper", *map(str, words)]), redirect_stdout(out), redirect_stderr(err):
        exit_code = run_to_exit_code(cli)
    return Answer(exit_code, out.getvalue(), err.getvalue())
