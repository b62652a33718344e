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


class ExtensionMissing(GatekeeperError):
    """The history creates an extension that the server does not have and that cannot be stood in for."""

    def __init__(self, names: tuple[str, ...], host: str, *, is_ours: bool) -> None:
        self.names = names
        named = ", ".join(names)
        super().__init__(
            f"the history creates the extension {named}, which the server on {host} does not have; nothing was proven",
            next_step="Install it there."
            if not is_ours
            else f"Name a server that has {named} with --staging (or GATEKEEPER_STAGING__URL), or install it beside "
            "the PostgreSQL of this machine.",
        )


class ExtensionRefused(GatekeeperError):
    """The extension is there, but only a superuser may create it."""

    def __init__(self, name: str, role: str, host: str) -> None:
        super().__init__(
            f"the role {role} on {host} may not create the extension {name}, which takes a superuser; "
            "nothing was proven",
            next_step="Name a role there that may, or leave out --staging to use a server of our own.",
        )


class StagingFull(GatekeeperError):
    """No room is left on the staging server's disk."""

    def __init__(self, host: str, said: str) -> None:
        super().__init__(
            f"the disk of the staging server on {host} is full; nothing was proven",
            seen=[said],
            next_step="Make room there (scratch databases are called gatekeeper_scratch_…), then run it again.",
        )


class StagingLost(GatekeeperError):
    """The staging server hung up in the middle."""

    def __init__(self, host: str, said: str, statement: str) -> None:
        at = [f"while it ran: {' '.join(statement.split())[:200]}"] if statement else []
        super().__init__(
            f"the connection to the staging server on {host} was lost; nothing was proven",
            seen=[" ".join(said.split()), *at],
            next_step="Look into the server's log; the scratch databases go with the next run that finds them expired.",
        )
