import os
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from gatekeeper.errors import GatekeeperError
from gatekeeper.model.action import Command
from gatekeeper.process import KEPT_OF_OUTPUT, TIMED_OUT, birth_of, is_running, run, terminate


def python(script: str, **attributes: object) -> Command:
    return Command((sys.executable, "-c", script), "try it", **attributes)  # type: ignore[arg-type]


def test_output_errors_and_exit_code_come_back_apart() -> None:
    finished = run(python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)"))

    assert (finished.exit_code, finished.output, finished.errors) == (7, "out\n", "err\n")
    assert finished.told == "out\nerr"


def test_the_environment_is_added_and_its_secrets_never_show_even_when_url_encoded() -> None:
    script = "import os, urllib.parse as u; s = os.environ['TOKEN']; print(s, u.quote(s, safe=''), os.environ['PLAIN'])"

    finished = run(python(script, environment={"TOKEN": "s3cret/x y", "PLAIN": "seen"}, secret=frozenset({"TOKEN"})))

    assert finished.output == "*** *** seen\n"


def test_a_timeout_ends_the_command_and_everything_it_started(tmp_path: Path) -> None:
    child = tmp_path / "child"
    script = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(child)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)"
    )

    finished = run(python(script, timeout=timedelta(seconds=1)))

    assert finished.exit_code == TIMED_OUT
    assert "longer than 1 s" in finished.errors
    assert finished.seconds < 10
    deadline = time.monotonic() + 5
    while is_running(int(child.read_text())) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(int(child.read_text()))


def test_endless_output_is_bounded_and_its_end_is_kept() -> None:
    finished = run(python("for n in range(200_000): print('line', n)"))

    assert len(finished.output) <= KEPT_OF_OUTPUT + 10
    assert finished.output.startswith("[…]\nline ")
    assert finished.output.endswith("line 199999\n")


def test_a_command_that_leaves_a_daemon_with_its_pipe_open_does_not_hang_us() -> None:
    script = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True)\n"
        "print(child.pid)"
    )

    finished = run(python(script))

    assert finished.seconds < 20
    terminate(int(finished.output))
    assert not is_running(int(finished.output))


def test_a_program_that_is_not_there_is_named_with_what_to_do() -> None:
    with pytest.raises(GatekeeperError, match=r"cannot deploy v2: there is no program 'no-such-program'") as caught:
        run(Command(("no-such-program", "v2"), "deploy v2"))

    assert "PATH" in caught.value.next_step


def test_a_folder_that_is_not_there_is_not_mistaken_for_the_program(tmp_path: Path) -> None:
    with pytest.raises(GatekeeperError, match="there is no folder"):
        run(python("pass", directory=tmp_path / "gone"))


def test_a_background_command_runs_on_logs_to_its_file_and_can_be_ended(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "app.log"

    started = run(python("import time; print('up', flush=True); time.sleep(60)", background=True, log=log))

    birth = birth_of(started.pid)
    deadline = time.monotonic() + 10
    while not log.read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert log.read_text() == "up\n"
    assert is_running(started.pid, birth=birth)
    assert not is_running(started.pid, birth=1), "another process with the same pid is not ours"
    terminate(started.pid, birth=birth)
    assert not is_running(started.pid)


def test_a_process_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    )
    log = tmp_path / "log"
    started = run(python(script, background=True, log=log))
    deadline = time.monotonic() + 10
    while not log.read_text() and time.monotonic() < deadline:
        time.sleep(0.02)

    terminate(started.pid, grace=timedelta(milliseconds=200))

    assert not is_running(started.pid)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can lend a program another user")
def test_a_program_runs_as_the_user_that_it_is_lent_with_no_group_of_root() -> None:
    finished = run(Command(("/usr/bin/env", "sh", "-c", "id -un; id -G"), "try it", user="nobody"))

    assert finished.output.split()[0] == "nobody"
    assert "0" not in finished.output.split()[1:]


def test_who_hears_gets_each_line_as_it_is_said_without_the_secrets() -> None:
    heard: list[str] = []
    script = "import os; print('first ' + os.environ['TOKEN']); print('no end', end='')"

    run(python(script, environment={"TOKEN": "s3cret"}, secret=frozenset({"TOKEN"})), heard.append)

    assert heard == ["first ***", "no end"]
