"""Two clinics with staff and invented patients. Seeding again changes nothing."""

from dataclasses import dataclass, field
from datetime import date

from gatekeeper.demo.clinic.database import Connection
from gatekeeper.demo.clinic.passwords import hash_password


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """A login of the demonstration, published on purpose."""

    id: int
    clinic_id: int
    clinic: str
    clinic_name: str
    host: str
    email: str
    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DemoPatient:
    """An invented patient."""

    id: int
    clinic_id: int
    record_number: str
    given_name: str
    family_name: str
    date_of_birth: date
    phone: str


HARBOUR = DemoLogin(
    1, 1, "harbour", "Harbour Clinic", "harbour.example", "robin@harbour.example", "Robin Vale", "harbour-lights-42"
)
HILLSIDE = DemoLogin(
    2,
    2,
    "hillside",
    "Hillside Practice",
    "hillside.example",
    "alex@hillside.example",
    "Alex Thorn",
    "hillside-paths-17",
)
LOGINS = (HARBOUR, HILLSIDE)

PATIENTS = (
    DemoPatient(101, 1, "H-0001", "Margarethe", "Quillfeather", date(1948, 3, 14), "+44 1632 960101"),
    DemoPatient(102, 1, "H-0002", "Tobias", "Emberwick", date(1975, 11, 2), "+44 1632 960102"),
    DemoPatient(103, 1, "H-0003", "Ananya", "Silverbrook", date(1991, 6, 27), "+44 1632 960103"),
    DemoPatient(104, 1, "H-0004", "Casimir", "Dunmarrow", date(2009, 1, 9), "+44 1632 960104"),
    DemoPatient(201, 2, "P-0001", "Leocadia", "Farthingale", date(1962, 8, 30), "+44 1632 960201"),
    DemoPatient(202, 2, "P-0002", "Osric", "Penhallow", date(1987, 4, 18), "+44 1632 960202"),
    DemoPatient(203, 2, "P-0003", "Xiomara", "Nettlebed", date(2001, 12, 5), "+44 1632 960203"),
)

_CLINIC = "INSERT INTO clinics (id, slug, host, name) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
_STAFF = (
    "INSERT INTO staff (id, clinic_id, email, name, password_hash) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
_PATIENT = (
    "INSERT INTO patients (id, clinic_id, record_number, given_name, family_name, date_of_birth, phone)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)


def seed(connection: Connection) -> None:
    """Add the clinics, logins and patients that are not there yet."""
    for login in LOGINS:
        connection.execute(_CLINIC, (login.clinic_id, login.clinic, login.host, login.clinic_name))
        hashed = hash_password(login.password)
        connection.execute(_STAFF, (login.id, login.clinic_id, login.email, login.name, hashed))
    for one in PATIENTS:
        names = (one.record_number, one.given_name, one.family_name)
        connection.execute(_PATIENT, (one.id, one.clinic_id, *names, one.date_of_birth, one.phone))
