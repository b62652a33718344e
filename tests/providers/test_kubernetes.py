"""What Kubernetes would refuse is refused before anything is run."""

import pytest

from gatekeeper.config.load import ConfigError
from gatekeeper.providers import Deployment, providers

OPTIONS: dict[str, object] = {"deployment": "web", "container": "app", "image": "web:{version}"}


def about(version: str = "v2", previous: str | None = "v1", options: dict[str, object] | None = None) -> Deployment:
    return Deployment("clinic", "production", version, previous, {**OPTIONS, **(options or {})})


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("image", "web:latest"),
        ("container", ""),
        ("timeout_seconds", "long"),
        ("timeout_seconds", 0),
        ("imgae", "x"),
    ],
)
def test_a_wrong_option_is_named(option: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"deploy.options.{option}"):
        providers()["kubernetes"].plan_deploy(about(options={option: value}))


@pytest.mark.parametrize("version", ["", "release/2", "-v2", "v2 ", "v" * 64, "--image=other"])
def test_a_version_that_is_no_label_is_refused(version: str) -> None:
    with pytest.raises(ConfigError, match="cannot be a label"):
        providers()["kubernetes"].plan_deploy(about(version))


def test_without_a_previous_version_there_is_no_way_back() -> None:
    with pytest.raises(ConfigError, match="no previous version"):
        providers()["kubernetes"].plan_rollback(about(previous=None))
