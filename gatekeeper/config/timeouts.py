"""The timeouts of `[inject]` as PostgreSQL reads them."""

from gatekeeper.config.durations import show_duration
from gatekeeper.config.load import ConfigError
from gatekeeper.config.settings import InjectSettings
from migrations_lint.timeouts import Timeouts


def timeouts_of(settings: InjectSettings) -> Timeouts:
    """The timeouts of the settings as PostgreSQL reads them; raises ConfigError where they contradict each other."""
    wait, limit, long = settings.lock_timeout, settings.statement_timeout, settings.long_statement_timeout
    if limit is not None and limit <= wait:
        raise ConfigError(
            "inject.statement_timeout is not longer than inject.lock_timeout",
            seen=[f"{show_duration(limit)} ends a statement before {show_duration(wait)} of waiting are over"],
            next_step="Make statement_timeout longer, or leave it out.",
        )
    if long is not None and (limit is None or long < limit):
        raise ConfigError(
            "inject.long_statement_timeout is shorter than inject.statement_timeout"
            if limit is not None
            else "inject.long_statement_timeout is set without inject.statement_timeout",
            seen=["it is the limit of the statements that may take longer than all others"],
            next_step="Set statement_timeout too, to something shorter; or leave both out.",
        )
    idle = settings.idle_in_transaction_session_timeout
    limit_text, idle_text, long_text = (
        show_duration(value) if value is not None else None for value in (limit, idle, long)
    )
    return Timeouts(show_duration(wait), limit_text, idle_text, long_text)
