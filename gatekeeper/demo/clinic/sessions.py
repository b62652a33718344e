"""Sessions: a short access token and a refresh token that is good for one use. Only their hashes are stored."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from psycopg.rows import class_row

from gatekeeper.demo.clinic.database import Connection

REFRESH_LIFETIME = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the browser keeps. This is the only moment at which they exist in the clear."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Session:
    """Who is asking, and for which clinic."""

    id: int
    staff_id: int
    staff_name: str
    clinic_id: int
    clinic_slug: str
    clinic_name: str


class RefreshRefused(Enum):
    """Why a refresh token was not accepted."""

    UNKNOWN = "unknown"
    REUSED = "reused"


_START = "INSERT INTO sessions (staff_id, access_hash, access_expires_at) VALUES (%s, %s, now() + %s) RETURNING id"
_ADD_REFRESH = "INSERT INTO refresh_tokens (token_hash, session_id, expires_at) VALUES (%s, %s, now() + %s)"
_CURRENT = """
    SELECT sessions.id, staff.id AS staff_id, staff.name AS staff_name,
           clinics.id AS clinic_id, clinics.slug AS clinic_slug, clinics.name AS clinic_name
      FROM sessions
      JOIN staff ON staff.id = sessions.staff_id
      JOIN clinics ON clinics.id = staff.clinic_id
     WHERE sessions.access_hash = %s AND sessions.access_expires_at > now() AND sessions.ended_at IS NULL
"""
# One statement, so that of two simultaneous refreshes with the same token only one can win.
_USE = """
    UPDATE refresh_tokens SET used_at = now()
      FROM sessions
     WHERE refresh_tokens.token_hash = %s AND refresh_tokens.used_at IS NULL AND refresh_tokens.expires_at > now()
       AND sessions.id = refresh_tokens.session_id AND sessions.ended_at IS NULL
 RETURNING refresh_tokens.session_id
"""
_USED_BEFORE = "SELECT session_id FROM refresh_tokens WHERE token_hash = %s AND used_at IS NOT NULL"
_RENEW = "UPDATE sessions SET access_hash = %s, access_expires_at = now() + %s WHERE id = %s"
_END = "UPDATE sessions SET ended_at = now() WHERE id = %s AND ended_at IS NULL"
_END_FORGOTTEN = """
    UPDATE sessions SET ended_at = now()
     WHERE ended_at IS NULL AND NOT EXISTS (
           SELECT FROM refresh_tokens WHERE session_id = sessions.id AND expires_at > now())
"""
_OF_TOKENS = """
    SELECT id FROM sessions WHERE access_hash = %(access)s
     UNION
    SELECT session_id FROM refresh_tokens WHERE token_hash = %(refresh)s
"""


def start_session(connection: Connection, staff_id: int, lifetime: timedelta) -> Tokens:
    """Open a session, and with it a family of refresh tokens."""
    tokens = _new_tokens()
    row = connection.execute(_START, (staff_id, _hash(tokens.access), lifetime)).fetchone()
    assert row is not None
    connection.execute(_ADD_REFRESH, (_hash(tokens.refresh), row[0], REFRESH_LIFETIME))
    return tokens


def current_session(connection: Connection, access: str) -> Session | None:
    """The session of an access token, unless it is over."""
    with connection.cursor(row_factory=class_row(Session)) as cursor:
        return cursor.execute(_CURRENT, (_hash(access),)).fetchone()


def rotate(connection: Connection, refresh: str, lifetime: timedelta) -> Tokens | RefreshRefused:
    """Exchange a refresh token for new tokens. One that was used before has been copied: its session ends."""
    used = connection.execute(_USE, (_hash(refresh),)).fetchone()
    if used is None:
        return _refuse(connection, refresh)
    tokens = _new_tokens()
    connection.execute(_RENEW, (_hash(tokens.access), lifetime, used[0]))
    connection.execute(_ADD_REFRESH, (_hash(tokens.refresh), used[0], REFRESH_LIFETIME))
    return tokens


def end_session(connection: Connection, access: str, refresh: str) -> None:
    """Log out. Nothing happens when there is no such session."""
    hashes = {"access": _hash(access), "refresh": _hash(refresh)}
    for (session_id,) in connection.execute(_OF_TOKENS, hashes).fetchall():
        connection.execute(_END, (session_id,))


def end_forgotten(connection: Connection) -> int:
    """End the sessions whose refresh tokens are all too old; how many there were."""
    return connection.execute(_END_FORGOTTEN).rowcount


def _refuse(connection: Connection, refresh: str) -> RefreshRefused:
    before = connection.execute(_USED_BEFORE, (_hash(refresh),)).fetchone()
    if before is None:
        return RefreshRefused.UNKNOWN
    connection.execute(_END, (before[0],))
    return RefreshRefused.REUSED


def _new_tokens() -> Tokens:
    return Tokens(access=secrets.token_urlsafe(32), refresh=secrets.token_urlsafe(32))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
