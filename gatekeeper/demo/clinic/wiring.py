"""What one instance is made of, and how routes reach it."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Annotated

from fastapi import Cookie, Depends, Request

from gatekeeper.demo.clinic.attempts import FailedLogins
from gatekeeper.demo.clinic.database import Database
from gatekeeper.demo.clinic.errors import NotLoggedIn
from gatekeeper.demo.clinic.faults import Switches
from gatekeeper.demo.clinic.releases import Release
from gatekeeper.demo.clinic.sessions import Session, current_session

ACCESS_COOKIE = "clinic_session"
REFRESH_COOKIE = "clinic_refresh"


@dataclass(frozen=True, slots=True)
class Wiring:
    """One instance: its release, its database, and what an operator has set."""

    built: Release
    database: Database
    build: str
    access_lifetime: timedelta
    intake_secret: str = field(repr=False)
    cron_secret: str = field(repr=False)
    failed_logins: FailedLogins = field(default_factory=FailedLogins)
    switches: Switches = field(default_factory=Switches)

    @property
    def release(self) -> Release:
        """The release that serves, with the faults that are switched on now."""
        return replace(self.built, faults=self.built.faults | self.switches.on)


def _wiring(request: Request) -> Wiring:
    wiring = request.app.state.wiring
    assert isinstance(wiring, Wiring)
    return wiring


Wired = Annotated[Wiring, Depends(_wiring)]


def _session(wiring: Wired, access: Annotated[str, Cookie(alias=ACCESS_COOKIE)] = "") -> Session:
    with wiring.database.transaction() as connection:
        session = current_session(connection, access)
    if session is None:
        raise NotLoggedIn
    return session


LoggedIn = Annotated[Session, Depends(_session)]
