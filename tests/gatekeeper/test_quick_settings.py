"""What is read quickly is what the full reader reads, or is left to it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatekeeper.config.load import ConfigError, load
from gatekeeper.config.quick import EXAMPLE, LinterSettings, linter_settings
from gatekeeper.config.settings import Settings
from tests.pages import ROOT

VALUES = st.sampled_from(
    [
        *('"error"', '"warn"', '"auto"', "1", "true", "1.5", "[]", "{}"),
        *('["a", "b"]', '[["a", "note"]]', '[["a"]]', '[["a", "x"]]'),
    ]
)
KEYS = st.sampled_from(
    [
        *("off", "severity", "fail_on", "server_version", "snapshot", "rules"),
        *("paths", "format", "note_below_seconds", "typo"),
    ]
)


@st.composite
def tables(draw: st.DrawFn) -> str:
    text = ""
    for table in ("lint", "migrations"):
        pairs = draw(st.dictionaries(KEYS, VALUES, max_size=3))
        text += f"[{table}]\n" + "".join(f"{key} = {value}\n" for key, value in pairs.items())
        if table == "lint" and draw(st.booleans()):
            text += '[[lint.path]]\nmatch = ["legacy/*"]\n'
    return text


@given(tables())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_read_quickly_the_full_reader_reads_alike(tmp_path: Path, text: str) -> None:
    file = tmp_path / "gatekeeper.toml"
    file.write_text(text)

    quick = linter_settings(file)

    try:
        full = load(file)
    except ConfigError:
        assert quick is None
    else:
        assert quick in {None, LinterSettings(full.lint, full.migrations.paths, full.migrations.format)}


def test_the_example_is_plain_enough_to_be_read_quickly() -> None:
    full = Settings()

    quick = linter_settings(EXAMPLE)

    assert quick == LinterSettings(full.lint, full.migrations.paths, full.migrations.format)


def test_a_table_that_there_is_not_is_left_to_the_full_reader(tmp_path: Path) -> None:
    file = tmp_path / "gatekeeper.toml"
    file.write_text('[lnit]\nfail_on = "note"\n')

    assert linter_settings(file) is None


def test_the_environment_is_left_to_the_full_reader(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEKEEPER_LINT__FAIL_ON", "note")

    assert linter_settings() is None


def test_to_lint_a_file_nothing_heavy_is_imported(tmp_path: Path) -> None:
    (tmp_path / "gatekeeper.toml").write_text('[lint]\nfail_on = "error"\n')
    (tmp_path / "1.sql").write_text("CREATE TABLE orders (id bigint);\n")
    program = (
        "import sys, json; from gatekeeper.cli import cli; from gatekeeper.cli.shared import run_to_exit_code; "
        "sys.argv = ['gatekeeper', 'lint', '--no-cache', '1.sql']; code = run_to_exit_code(cli); "
        "print(json.dumps([code, sorted(sys.modules)]))"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=True, capture_output=True
    )

    code, modules = json.loads(ran.stdout.splitlines()[-1])
    heavy = {"pydantic", "asyncio", "rich", "git", "sqlalchemy", "alembic", "libcst", "psycopg", "jinja2", "httpx"}
    assert code == 0
    assert heavy & set(modules) == set()
