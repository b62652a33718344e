"""Log in, stay logged in, log out; and where logging in is stuck."""

from typing import Annotated, Any

from fastapi import APIRouter, Cookie, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from gatekeeper.demo.clinic.diagnostic import diagnose
from gatekeeper.demo.clinic.errors import ApiError, NotLoggedIn, error_body
from gatekeeper.demo.clinic.faults import Fault
from gatekeeper.demo.clinic.logs import logged_step
from gatekeeper.demo.clinic.routes.fields import ShortText
from gatekeeper.demo.clinic.sessions import (
    REFRESH_LIFETIME,
    RefreshRefused,
    Tokens,
    end_session,
    rotate,
    start_session,
)
from gatekeeper.demo.clinic.staff import accepted_staff, find_login
from gatekeeper.demo.clinic.wiring import ACCESS_COOKIE, REFRESH_COOKIE, LoggedIn, Wired, Wiring

router = APIRouter(prefix="/api/auth")

AccessCookie = Annotated[str, Cookie(alias=ACCESS_COOKIE)]
RefreshCookie = Annotated[str, Cookie(alias=REFRESH_COOKIE)]


class Credentials(BaseModel):
    """What the login form sends."""

    clinic: ShortText
    email: ShortText
    password: ShortText


@router.post("/login")
def login(credentials: Credentials, wiring: Wired, request: Request, response: Response) -> dict[str, str]:
    """Open a session. The answer never tells which part of the credentials was wrong."""
    wait = wiring.failed_logins.seconds_to_wait(credentials.clinic, credentials.email)
    if wait and not wiring.release.has(Fault.NO_RATE_LIMIT):
        raise ApiError(429, "too_many_tries", "Too many logins have failed. Please wait.", retry_after=wait)
    with logged_step("login: find staff"), wiring.database.transaction() as connection:
        known = find_login(connection, credentials.clinic, credentials.email)
    with logged_step("login: check password"):
        staff_id = accepted_staff(known, credentials.password)
    if staff_id is None:
        wiring.failed_logins.note(credentials.clinic, credentials.email)
        whose = f" ({credentials.email})" if wiring.release.has(Fault.ERRORS_QUOTE_INPUT) else ""
        raise ApiError(401, "wrong_credentials", f"Clinic, email or password is not right{whose}.")
    with logged_step("login: open session"), wiring.database.transaction() as connection:
        if wiring.release.has(Fault.LOGIN_FAILS):
            raise RuntimeError("this release cannot open a session")
        tokens = start_session(connection, staff_id, wiring.access_lifetime)
    _set_cookies(response, request, wiring, tokens)
    return {"status": "logged in"}


@router.post("/refresh")
def refresh(wiring: Wired, request: Request, response: Response, token: RefreshCookie = "") -> dict[str, str]:
    """Exchange the refresh token. An old one ends the session of whoever holds it."""
    with logged_step("refresh: rotate"), wiring.database.transaction() as connection:
        tokens = rotate(connection, token, wiring.access_lifetime)
    if isinstance(tokens, RefreshRefused):
        raise NotLoggedIn
    _set_cookies(response, request, wiring, tokens)
    return {"status": "refreshed"}


@router.post("/logout")
def logout(wiring: Wired, response: Response, access: AccessCookie = "", refresh: RefreshCookie = "") -> dict[str, str]:
    """End the session, if there is one."""
    if wiring.release.has(Fault.LOGOUT_FORGETS):
        return {"status": "logged out"}
    with wiring.database.transaction() as connection:
        end_session(connection, access, refresh)
    response.delete_cookie(ACCESS_COOKIE, path="/")
    response.delete_cookie(REFRESH_COOKIE, path="/api/auth")
    return {"status": "logged out"}


@router.get("/me")
def me(session: LoggedIn) -> dict[str, Any]:
    """Who is logged in."""
    return {"name": session.staff_name, "clinic": {"slug": session.clinic_slug, "name": session.clinic_name}}


@router.get("/login/diagnostic")
def diagnostic(wiring: Wired) -> JSONResponse:
    """The state of each step of logging in, for whoever is looking for the one that is stuck."""
    found = diagnose(wiring.database)
    if found.is_good:
        return JSONResponse(found.as_json())
    stuck = ApiError(503, "login_step_failed", "A step of logging in does not work.", retry_after=5)
    return JSONResponse({**error_body(stuck), **found.as_json()}, stuck.status)


def _set_cookies(response: Response, request: Request, wiring: Wiring, tokens: Tokens) -> None:
    secure = request.url.scheme == "https"
    for name, value, path, lifetime in (
        (ACCESS_COOKIE, tokens.access, "/", wiring.access_lifetime),
        (REFRESH_COOKIE, tokens.refresh, "/api/auth", REFRESH_LIFETIME),
    ):
        age = int(lifetime.total_seconds())
        if wiring.release.has(Fault.OPEN_COOKIES):
            response.set_cookie(name, value, max_age=age, path=path, samesite=None)
        else:
            response.set_cookie(name, value, max_age=age, path=path, httponly=True, samesite="lax", secure=secure)
