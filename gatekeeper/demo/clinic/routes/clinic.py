"""Which clinic is this? The login page asks only to show a name."""

from typing import Annotated

from fastapi import APIRouter, Query

from gatekeeper.demo.clinic.clinics import clinic_of_host, clinic_of_slug
from gatekeeper.demo.clinic.errors import ApiError, NotFound
from gatekeeper.demo.clinic.faults import Fault
from gatekeeper.demo.clinic.routes.fields import ShortText
from gatekeeper.demo.clinic.wiring import Wired

router = APIRouter()


@router.get("/api/clinic/resolve")
def resolve(
    wiring: Wired, host: Annotated[ShortText | None, Query()] = None, slug: Annotated[ShortText | None, Query()] = None
) -> dict[str, str]:
    """The clinic of a short name, else that of a host name."""
    if slug is None and host is None:
        raise ApiError(400, "clinic_not_named", "Name a clinic by slug or host.")
    if wiring.release.has(Fault.ODD_INPUT_CRASHES) and not f"{slug or ''}{host or ''}".isascii():
        raise RuntimeError("this release reads ASCII only")
    with wiring.database.transaction() as connection:
        found = clinic_of_slug(connection, slug) if slug is not None else clinic_of_host(connection, str(host))
    if found is None:
        raise NotFound("clinic")
    return {"slug": found.slug, "name": found.name}
