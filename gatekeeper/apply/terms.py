"""What the user set besides the budget, and the session settings that follow from it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gatekeeper.apply.backoff import Budget
from gatekeeper.config.settings import MigrateSettings
from gatekeeper.model.blocker import Blocker
from gatekeeper.model.lease import Fence

_IDLE_IN_TRANSACTION = "idle in transaction"
_CHECKS_CLIENT_SINCE = 140000
_TRANSACTION_TIMEOUT_SINCE = 170000


@dataclass(frozen=True, slots=True)
class Terms:
    """All but the budget; `statement_timeout` in seconds, None for no limit.

    `cancel` says of which role a session is ended, and for how many seconds it must have been idle in a transaction.
    `standbys` are URLs, asked for long queries. A backfill waits while a standby is more than `max_replica_lag` seconds
    behind. `fence` is asserted by every transaction of a release: a runner that has lost its lease changes nothing.
    """

    statement_timeout: float | None = None
    synchronous_commit: str = "local"
    cancel: Mapping[str, float] = field(default_factory=dict)
    standbys: Sequence[str] = ()
    max_replica_lag: float = 10.0
    fence: Fence | None = None


def terms_of(settings: MigrateSettings) -> Terms:
    """What `[migrate]` says besides the budget."""
    limit = settings.statement_timeout
    return Terms(
        None if limit is None else limit.total_seconds(),
        settings.synchronous_commit,
        {role: idle.total_seconds() for role, idle in settings.cancel_blockers.items()},
        tuple(url.get_secret_value() for url in settings.standbys),
        settings.max_replica_lag.total_seconds(),
    )


def budget_of(settings: MigrateSettings) -> Budget:
    """What `[migrate]` says of what others may have to bear."""
    total = settings.max_total_stall
    return Budget(
        settings.max_stall.total_seconds(),
        settings.give_up_after.total_seconds(),
        None if total is None else total.total_seconds(),
    )


def session_settings(terms: Terms, server_version_number: int) -> dict[str, str]:
    """Name and value of what the migrating session needs, whatever the role or the database sets.

    `synchronous_commit` is local, because a COMMIT that waits for a standby which is not there keeps its locks, and no
    timeout ends that wait (PostgreSQL 18, Synchronous Replication).
    """
    limit = 0 if terms.statement_timeout is None else max(round(terms.statement_timeout * 1000), 1)
    settings = {
        "idle_in_transaction_session_timeout": "5s",
        "statement_timeout": f"{limit}ms",
        "lock_timeout": "0",
        "synchronous_commit": terms.synchronous_commit,
    }
    if server_version_number >= _CHECKS_CLIENT_SINCE:
        # A killed migrator's statement must not run on; a session that holds our lock must not be ended for being idle.
        settings |= {"client_connection_check_interval": "1s", "idle_session_timeout": "0"}
    if server_version_number >= _TRANSACTION_TIMEOUT_SINCE:
        settings["transaction_timeout"] = "0"
    return settings


def may_be_ended(blockers: Sequence[Blocker], terms: Terms) -> tuple[Blocker, ...]:
    """Those that the user allowed to end: of a named role, and idle in a transaction for longer than was said."""
    return tuple(
        blocker
        for blocker in blockers
        if blocker.pid is not None
        and blocker.state.startswith(_IDLE_IN_TRANSACTION)
        and blocker.role in terms.cancel
        and blocker.idle >= terms.cancel[blocker.role]
    )
