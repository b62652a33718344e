"""What can go wrong with a staging server, told so that a person can act on it."""

from gatekeeper.errors import GatekeeperError


class StagingUnreachable(GatekeeperError):
    """The staging server cannot be reached, started or used; nothing was verified."""


class MissingGrant(GatekeeperError):
    """The staging role may not create scratch databases."""

    def __init__(self, role: str, host: str) -> None:
        super().__init__(
            f"the role {role} on {host} may not create scratch databases",
            next_step=f'Let an administrator run: ALTER ROLE "{role}" CREATEDB; or leave out --staging to use the '
            "embedded PostgreSQL.",
        )


class ExtensionMissing(GatekeeperError):
    """A history creates an extension that somebody else's staging server does not offer."""

    def __init__(self, extension: str, migration: str, host: str) -> None:
        super().__init__(
            f"migration {migration} creates the extension {extension}, which the server on {host} does not offer",
            next_step="Install the extension's package on that server, or leave out --staging: "
            "the embedded PostgreSQL stands in for the common ones.",
        )
