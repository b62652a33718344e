"""How long the linter takes over thousands of real migration files, beside Squawk on the same files in the same run.

    python -m tests.bench.lint_against_squawk FOLDER SQUAWK

FOLDER (CORPUS for `make bench`) holds one folder for each history, SQUAWK is the program. Figures are printed and
nothing is asserted of them: what they are depends on the machine and on what else it does.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FEWEST_FILES = 2000
HOW_TO_FILL = """The linter's figures need real migrations: make bench CORPUS=FOLDER, where FOLDER holds at least
2,000 .sql files, a folder for each history. Fetch them for the run and keep them outside this repository, for
instance the migrations of LemmyNet/lemmy, rust-lang/crates.io, langfuse/langfuse, triggerdotdev/trigger.dev,
concourse/concourse and ente-io/ente: `git clone --depth 1` each, then copy its migrations to FOLDER/NAME."""


@dataclass(frozen=True)
class Run:
    """One program over all files: seconds of the wall and of the processors, peak memory, and what it found.

    Memory is that of all its processes together, a page that they share counted in parts; at least the largest one's.
    """

    name: str
    wall: float
    cpu: float
    megabytes: float
    findings: int

    def __str__(self) -> str:
        return f"{self.name:<34}{self.wall:>8.2f} s{self.cpu:>8.2f} s{self.megabytes:>7.0f} MB{self.findings:>9,}"


def main(folder: str, squawk: str) -> int:
    corpus = Path(folder)
    if not folder or not corpus.is_dir():
        print(HOW_TO_FILL)  # noqa: T201
        return 0
    histories = sorted(path for path in corpus.iterdir() if path.is_dir())
    files = sorted(path for history in histories for path in history.rglob("*.sql") if path.is_file())
    if len(files) < FEWEST_FILES:
        print(f"{corpus} holds {len(files)} .sql files; at least {FEWEST_FILES} are wanted.")  # noqa: T201
        return 2
    bytes_ = sum(path.stat().st_size for path in files)
    lines = [
        f"{len(files):,} .sql files of {len(histories)} histories, {bytes_ / 1e6:.1f} MB; {os.cpu_count()} processors, "
        f"load {os.getloadavg()[0]:.1f}",
        f"{'':<34}{'wall':>10}{'cpu':>10}{'memory':>10}{'findings':>9}",
        *map(str, measured(histories, files, squawk)),
    ]
    print("\n".join(lines))  # noqa: T201
    return 0


def measured(histories: Sequence[Path], files: Sequence[Path], squawk: str) -> list[Run]:
    with tempfile.TemporaryDirectory() as place, tempfile.TemporaryDirectory() as elsewhere:
        here, report = Path(place), Path(elsewhere) / "report.json"
        ours = [sys.executable, "-m", "gatekeeper", "lint", "--format", "gitlab"]
        roots = [str(path.resolve()) for path in histories]
        last = str(files[-1].resolve())
        names = [str(path.resolve()) for path in files]
        theirs = run("Squawk", [squawk, "--reporter", "json", *names], here, report)
        cold = run("gatekeeper, cold", [*ours, *roots], here, report)
        warm = run("gatekeeper, warm", [*ours, *roots], here, report)
        one = run("gatekeeper, one file, cold", [*ours, last], here, report)
        again = run("gatekeeper, one file, warm", [*ours, last], here, report)
    return [theirs, cold, warm, one, again]


# In a process of its own: a child's memory is counted from its fork, and this process is larger than some programs.
_USED = """
import os, resource, subprocess, sys, time

def kilobytes(session):
    total = 0
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            if os.getsid(int(pid)) == session:
                with open(f"/proc/{pid}/smaps_rollup") as file:
                    total += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except (OSError, StopIteration):  # gone meanwhile
            continue
    return total

started, most = time.perf_counter(), 0
with open(sys.argv[1], "wb") as out:
    program = subprocess.Popen(sys.argv[2:], stdout=out, stderr=subprocess.DEVNULL, start_new_session=True)
    while program.poll() is None:
        most = max(most, kilobytes(program.pid)) if os.path.exists("/proc/self/smaps_rollup") else 0
        time.sleep(0.02)
wall = time.perf_counter() - started
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(wall, used.ru_utime + used.ru_stime, max(most, used.ru_maxrss) / 1024)
"""


def run(name: str, command: Sequence[str], here: Path, report: Path) -> Run:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent.parent)}
    measuring = [sys.executable, "-S", "-c", _USED, str(report), *command]
    figures = subprocess.run(measuring, cwd=here, env=environment, check=True, capture_output=True, text=True).stdout
    wall, cpu, megabytes = map(float, figures.split())
    return Run(name, wall, cpu, megabytes, len(json.loads(report.read_bytes())))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2]))
