"""Who may log in: the staff of a clinic."""

from dataclasses import dataclass, field

from psycopg.rows import class_row

from gatekeeper.demo.clinic.database import Connection
from gatekeeper.demo.clinic.passwords import NOBODY, is_password


@dataclass(frozen=True, slots=True)
class Login:
    """What is known about a login before the password has been checked."""

    staff_id: int
    password_hash: str = field(repr=False)


_LOGIN = """
    SELECT staff.id AS staff_id, staff.password_hash
      FROM staff JOIN clinics ON clinics.id = staff.clinic_id
     WHERE clinics.slug = %(clinic)s AND staff.email = lower(%(email)s)
"""


def find_login(connection: Connection, clinic: str, email: str) -> Login | None:
    """The login with this e-mail at this clinic; the same e-mail elsewhere is someone else."""
    with connection.cursor(row_factory=class_row(Login)) as cursor:
        return cursor.execute(_LOGIN, {"clinic": clinic, "email": email}).fetchone()


def accepted_staff(login: Login | None, password: str) -> int | None:
    """The staff id when the password is right. Takes as long for a login that does not exist."""
    right = is_password(password, login.password_hash if login else NOBODY)
    return login.staff_id if login and right else None
