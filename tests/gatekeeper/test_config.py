"""The settings file: every key is documented, and every mistake in it is named."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.config.durations import parse_duration, show_duration
from gatekeeper.config.load import ConfigError, load
from gatekeeper.config.settings import AppSettings, ChannelSettings, FreezeSettings, ObjectiveSettings, Settings
from migrations_lint.settings import PathSettings
from smoke.settings import CheckSettings, Quarantine

EXAMPLE = Path(str(files("gatekeeper.config").joinpath("example.toml")))


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_example_shows_the_defaults() -> None:
    assert load(EXAMPLE) == Settings()


def test_the_example_has_every_key_and_no_other() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    uncommented = "\n".join(line.removeprefix("# ") if is_key(line) else line for line in text.splitlines())
    written = tomllib.loads(
        re.sub(r"^(check|path|objective|freeze|channel) = \[\]\n", "", uncommented, flags=re.MULTILINE)
    )

    assert sorted(keys_of_table(written)) == sorted(keys_of_settings())


def test_every_key_of_the_example_is_explained() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()

    for number, line in enumerate(lines):
        if line not in REPEATED_TABLES and (is_key(line) or (line and line[0] not in "#[")):
            above = lines[number - 1]
            assert above.startswith("# "), line
            assert not is_key(above), line


def test_the_example_names_every_check() -> None:
    from smoke.checks import kinds

    text = EXAMPLE.read_text(encoding="utf-8")

    assert [name for name in kinds() if f'"{name}"' not in text] == []


def test_without_a_file_the_defaults_hold() -> None:
    assert load() == Settings()


def test_the_file_of_this_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "gatekeeper.toml").write_text('[service]\nname = "clinic"\n')

    assert load().service.name == "clinic"


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[inject]\nlock_timeout = "2s"\nstatement_timeout = "1min"\n')
    monkeypatch.setenv("GATEKEEPER_INJECT__LOCK_TIMEOUT", "5s")

    inject = load(file).inject

    assert (inject.lock_timeout, inject.statement_timeout) == (timedelta(seconds=5), timedelta(minutes=1))


def test_a_password_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEKEEPER_MIGRATE__URL", "postgresql://app:correct-horse@db/app")

    assert "correct-horse" not in repr(load())


MISTAKES = {
    "a freeze that is no calendar": (
        '[[gate.freeze]]\nname = "x"\nbegins = "at noon"\nlasts = "1h"\n',
        "gate.freeze.0: begins: 'at noon' is no cron expression",
    ),
    "a time zone that does not exist": (
        '[[gate.freeze]]\nname = "x"\nbegins = "0 16 * * FRI"\nlasts = "1h"\nzone = "Mars/Base"\n',
        "gate.freeze.0: zone: there is no time zone 'Mars/Base'",
    ),
    "an unknown key": (
        '[inject]\nlock_timout = "2s"\n',
        "inject.lock_timout: there is no such key; did you mean lock_timeout?",
    ),
    "an unknown key of the linter": (
        "[lint]\nserver_versoin = 15\n",
        "lint.server_versoin: there is no such key; did you mean server_version?",
    ),
    "an unknown table": ("[migration]\n", "migration: there is no such key; did you mean migrations?"),
    "an unknown key of a check": (
        '[[smoke.check]]\nuse = "health"\ncritcal = true\n',
        "smoke.check.0.critcal: there is no such key; did you mean critical?",
    ),
    "a key unlike any other": ("[store]\nxyzzy = 1\n", "store.xyzzy: there is no such key; known here: url, artifacts"),
    "a severity that there is not": (
        '[lint]\nfail_on = "warn"\n',
        "lint.fail_on: Input should be 'note', 'warning' or 'error'",
    ),
    "an unknown key for some paths": (
        '[[lint.path]]\nmatch = ["x"]\nof = []\n',
        "lint.path.0.of: there is no such key; did you mean off?",
    ),
    "a duration without a unit": (
        "[migrate]\nmax_stall = 500\n",
        "migrate.max_stall: write a number and a unit, such as 500ms, 5s, 2min or 1h",
    ),
    "a wrong duration": (
        '[migrate]\nmax_stall = "soon"\n',
        "migrate.max_stall: write a number and a unit, such as 500ms, 5s, 2min or 1h",
    ),
    "broken TOML": ("[migrate\n", "line 1"),
    "not even text": ("\udcff", "can't decode"),
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named_with_its_key(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))

    with pytest.raises(ConfigError) as raised:
        load(file)

    assert said in str(raised.value)
    assert str(file) in str(raised.value)
    assert raised.value.exit_code == 2


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[inject]\nlock_timout = "2s"\n[migrate]\nmax_stall = 5\n')

    with pytest.raises(ConfigError) as raised:
        load(file)

    assert len(raised.value.seen) == 2


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read the settings file") as raised:
        load(tmp_path / "absent.toml")

    assert "gatekeeper init" in raised.value.next_step


@given(st.integers(min_value=0, max_value=10**9))
def test_a_duration_is_shown_as_it_is_read(milliseconds: int) -> None:
    span = timedelta(milliseconds=milliseconds)

    assert parse_duration(show_duration(span)) == span


@given(st.text())
def test_any_other_text_is_no_duration(text: str) -> None:
    try:
        span = parse_duration(text)
    except ValueError:
        return
    assert isinstance(span, timedelta)


def is_key(line: str) -> bool:
    """A key that is commented out, or the head of its table."""
    name, equals, _ = line.removeprefix("# ").partition(" = ")
    return line.startswith("# ") and (line in REPEATED_TABLES or (bool(equals) and name.isidentifier()))


def keys_of_table(table: Any, path: str = "") -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict) and f"{path}{name}" not in FREE_FORM:
            yield from keys_of_table(value, f"{path}{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield from keys_of_table(value[0], f"{path}{name}.")
        else:
            yield f"{path}{name}"


def keys_of_settings() -> Iterator[str]:
    for table, setting in Settings.model_fields.items():
        for name in names(setting.annotation):
            yield from keys_below(f"{table}.{name}")


def keys_below(key: str) -> Iterator[str]:
    inner = {**REPEATED, "smoke.check.quarantine": Quarantine}.get(key)
    if inner is None:
        yield key
    else:
        for name in names(inner):
            yield from keys_below(f"{key}.{name}")


def names(table: Any) -> list[str]:
    return [field.name for field in fields(table)] if is_dataclass(table) else list(table.model_fields)


REPEATED = {
    "staging.app": AppSettings,
    "smoke.check": CheckSettings,
    "lint.path": PathSettings,
    "bake.objective": ObjectiveSettings,
    "gate.freeze": FreezeSettings,
    "notify.channel": ChannelSettings,
}
REPEATED_TABLES = {f"# [[{name}]]" for name in REPEATED}
FREE_FORM = {
    "staging.app.environment",
    "migrate.cancel_blockers",
    "deploy.options",
    "gate.approvals",
    "gate.approvers",
    "gate.aliases",
    "gate.keys",
    "smoke.check.options",
    "bake.objective.options",
    "notify.channel.options",
}


def test_what_is_tolerated_has_to_be_a_kind_or_a_grade(tmp_path: Path) -> None:
    file = tmp_path / "gatekeeper.toml"
    file.write_text('[verify]\ntolerate = ["comments"]\n', encoding="utf-8")

    with pytest.raises(ConfigError, match="did you mean 'comment'"):
        load(file)
