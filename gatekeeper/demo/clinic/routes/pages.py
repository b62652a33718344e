"""The pages. They are shells: what they show, they fetch, so that data leaves by one door only."""

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.templating import Jinja2Templates

from gatekeeper.demo.clinic.errors import NotFound
from gatekeeper.demo.clinic.faults import Fault
from gatekeeper.demo.clinic.wiring import Wired, Wiring

router = APIRouter(include_in_schema=False)

_TEMPLATES = Jinja2Templates(Path(__file__).parent.parent / "templates")


@router.get("/")
def start() -> Response:
    """Everyone starts with the patients; who is not logged in is sent on from there."""
    return RedirectResponse("/patients")


@router.get("/login")
def login(request: Request, wiring: Wired) -> Response:
    """The login form."""
    if wiring.release.has(Fault.LOGIN_PAGE_MISSING):
        raise NotFound("page")
    return _page("login.html", request, wiring)


@router.get("/patients")
def patients(request: Request, wiring: Wired) -> Response:
    """The clinic's patients."""
    if wiring.release.has(Fault.REDIRECT_LOOP):
        return RedirectResponse("/")
    return _page("patients.html", request, wiring)


@router.get("/patients/{patient_id}")
def patient(request: Request, wiring: Wired) -> Response:
    """One patient."""
    return _page("patient.html", request, wiring)


def _page(template: str, request: Request, wiring: Wiring) -> Response:
    return _TEMPLATES.TemplateResponse(request, template, {"release": wiring.release})
