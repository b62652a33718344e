"""What can go wrong with a staging server, told so that a person can act on it."""

from gatekeeper.errors import GatekeeperError


class StagingUnreachable(GatekeeperError):
    """The staging server cannot be reached, started or used; nothing was verified."""


class StagingMisconfigured(GatekeeperError):
    """The staging URL is not one."""

    exit_code = 2


class MissingGrant(GatekeeperError):
    """The staging role may not create scratch databases."""

    def __init__(self, role: str, host: str) -> None:
        super().__init__(
            f"the role {role} on {host} may not create scratch databases",
            next_step=f'Let an administrator run: ALTER ROLE "{role}" CREATEDB; or leave out --staging to use the '
            "embedded PostgreSQL.",
        )
