"""The demo tells what really happens: each chapter ends as its title says, and leaves what it speaks of."""

import json
import os
import re
import time
from pathlib import Path

import httpx
import pytest

from gatekeeper.demo.visitor import visiting
from gatekeeper.process import is_running
from gatekeeper.reverse_proxy.state import read
from tests.gatekeeper.commands import gatekeeper

pytestmark = [pytest.mark.browser, pytest.mark.server]


def test_the_story_catches_proves_refutes_releases_and_rolls_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEKEEPER_MIGRATE__URL", "postgresql://reader@nowhere.invalid/production")

    answer = gatekeeper("demo", "--folder", tmp_path, "--format", "json", "--quiet")

    assert answer.exit_code == 0, answer.err
    unsafe, safe, losing, good, bad = json.loads(answer.out)["chapters"]
    assert any("writes to public.patients wait" in line for line in unsafe["lines"])
    assert len([line for line in safe["lines"] if line.endswith("proven")]) == 3
    assert any("refuted" in line for line in losing["lines"])
    assert (tmp_path / "unsafe" / "versions" / "0006_find_patients_by_phone.py").is_file()
    assert any("v2 serves" in line for line in good["lines"])
    assert any(re.search(r"\d+ requests came in meanwhile: every answer was good", line) for line in good["lines"])
    assert any("POST /api/auth/login answered 500" in line for line in bad["lines"])
    assert any("v2 serves again, with all 7 patients" in line for line in bad["lines"])
    (recovery,) = [line for line in bad["lines"] if "rolled back and verified" in line and "nobody" in line]
    assert re.match(r"[\d.]+ (ms|s) ", recovery), "the recovery took a minute or longer"
    left = dict(line.split(": ", 1) for line in bad["lines"] if line.startswith(("report", "screenshot", "logs")))
    assert Path(left["screenshot"]).read_bytes().startswith(b"\x89PNG")
    assert "rolled back" in Path(left["report"]).read_text()
    assert list(Path(left["logs"]).glob("*.log"))
    assert os.environ["GATEKEEPER_MIGRATE__URL"].endswith("/production")
    state = read(Path(left["logs"]))
    assert (state.proxy, state.instances) == (None, ())


def test_a_demo_that_was_killed_leaves_nothing_that_the_next_one_stumbles_over(tmp_path: Path) -> None:
    from gatekeeper.demo.stand import clinic_stand

    killed = clinic_stand(tmp_path / "clinic")
    killed.__enter__()
    left = [one.pid for one in read(tmp_path / "clinic" / ".gatekeeper" / "local_process").instances]

    with clinic_stand(tmp_path / "clinic") as stand:
        assert left
        assert not any(is_running(pid) for pid in left)
        assert httpx.get(f"{stand.url}/api/ready", trust_env=False).status_code == 200
    killed.__exit__(None, None, None)


def test_a_visitor_notices_what_is_no_good_answer(tmp_path: Path) -> None:
    with visiting("http://127.0.0.1:9/") as visits:
        while visits.count < 3:
            time.sleep(0.02)

    assert "ConnectError" in str(visits)
    assert len(visits.bad) >= 3
