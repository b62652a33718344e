"""Clinics, and how one is found by the host or the short name that a browser has."""

from dataclasses import dataclass

from psycopg.rows import class_row

from gatekeeper.demo.clinic.database import Connection


@dataclass(frozen=True, slots=True)
class Clinic:
    """One tenant. Everything else belongs to exactly one of them."""

    id: int
    slug: str
    name: str


_BY_SLUG = "SELECT id, slug, name FROM clinics WHERE slug = %(wanted)s"
_BY_HOST = "SELECT id, slug, name FROM clinics WHERE host = lower(%(wanted)s)"


def clinic_of_slug(connection: Connection, slug: str) -> Clinic | None:
    """The clinic with this short name."""
    return _one(connection, _BY_SLUG, slug)


def clinic_of_host(connection: Connection, host: str) -> Clinic | None:
    """The clinic that is served under this host name."""
    return _one(connection, _BY_HOST, host)


def _one(connection: Connection, query: str, wanted: str) -> Clinic | None:
    with connection.cursor(row_factory=class_row(Clinic)) as cursor:
        return cursor.execute(query, {"wanted": wanted}).fetchone()
