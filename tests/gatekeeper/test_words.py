"""What settings leave open is filled in, and what is not there is named instead of left empty."""

import pytest

from gatekeeper.config.load import ConfigError
from gatekeeper.config.words import environment_of, filled


def test_known_names_are_filled_in_and_other_braces_stay() -> None:
    assert filled("{version}/{x}/{port}", {"version": "v2", "port": "80"}) == "v2/{x}/80"


def test_what_comes_from_our_environment_is_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_HERE", "s3cret")

    found = environment_of(
        {"TOKEN": "env:TOKEN_HERE", "REGION": "eu"}, key="staging.app.environment", next_step="Set it."
    )

    assert (dict(found.values), set(found.secret)) == ({"TOKEN": "s3cret", "REGION": "eu"}, {"TOKEN"})
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("entries", "said"), [({"A": "env:NOT_SET_ANYWHERE"}, "environment.A: the variable NOT_SET"), (["A"], "a table")]
)
def test_a_variable_that_is_not_set_is_named(entries: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        environment_of(entries, key="staging.app.environment", next_step="Set it.")
