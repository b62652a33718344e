"""The demo tells what really happens: each chapter ends as its title says, and leaves what it speaks of."""

import json
from pathlib import Path

from tests.gatekeeper.commands import gatekeeper


def test_the_story_catches_proves_and_refutes(tmp_path: Path) -> None:
    answer = gatekeeper("demo", "--folder", tmp_path, "--format", "json", "--quiet")

    assert answer.exit_code == 0
    unsafe, safe, losing = json.loads(answer.out)["chapters"]
    assert any("writes to public.patients wait" in line for line in unsafe["lines"])
    assert [line for line in safe["lines"] if line.endswith("proven")]
    assert any("refuted" in line for line in losing["lines"])
    assert (tmp_path / "unsafe" / "versions" / "0006_find_patients_by_phone.py").is_file()
