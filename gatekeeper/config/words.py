"""What settings leave open in the words of a command and in its environment, filled in."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from gatekeeper.config.load import ConfigError

_FROM_ENVIRONMENT = "env:"


@dataclass(frozen=True, slots=True)
class Environment:
    """Variables for a program; those named in `secret` came from our own environment and must not show."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: frozenset[str] = frozenset()


def filled(text: str, known: Mapping[str, str]) -> str:
    """The text with each `{name}` that is known replaced; other braces stay as they are."""
    for name, value in known.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def environment_of(entries: object, *, key: str, next_step: str) -> Environment:
    """A table of variables, `env:NAME` read from our own environment; raises ConfigError, which names the key."""
    if not isinstance(entries, Mapping):
        raise ConfigError(f'{key}: write a table, such as {{ DATABASE_URL = "env:DATABASE_URL" }}', next_step=next_step)
    values = {str(name): _value(str(value), f"{key}.{name}", next_step) for name, value in entries.items()}
    secret = (str(name) for name, value in entries.items() if str(value).startswith(_FROM_ENVIRONMENT))
    return Environment(values, frozenset(secret))


def _value(text: str, key: str, next_step: str) -> str:
    source = text.removeprefix(_FROM_ENVIRONMENT)
    if not text.startswith(_FROM_ENVIRONMENT):
        return text
    if source not in os.environ:
        raise ConfigError(f"{key}: the variable {source} is not set", next_step=next_step)
    return os.environ[source]
