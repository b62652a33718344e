"""One instance of the clinic as a web application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from gatekeeper.demo.clinic.errors import ApiError, error_response, from_status
from gatekeeper.demo.clinic.frame import RequestFrame
from gatekeeper.demo.clinic.routes import auth, clinic, health, pages, patients, webhooks
from gatekeeper.demo.clinic.wiring import Wiring

STATIC = Path(__file__).parent / "static"


def make_app(wiring: Wiring) -> FastAPI:
    """The application of one instance."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        wiring.database.close()

    app = FastAPI(title="Clinic", version=wiring.release.name, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.wiring = wiring
    for room in (health, auth, clinic, patients, webhooks, pages):
        app.include_router(room.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(RequestFrame, seconds_per_request=wiring.release.seconds_per_request)
    app.add_exception_handler(ApiError, _our_error)
    app.add_exception_handler(RequestValidationError, _unfit_input)
    app.add_exception_handler(HTTPException, _framework_error)
    return app


def _our_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error_response(error)


def _unfit_input(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    places = sorted({".".join(str(part) for part in problem["loc"][:2]) for problem in error.errors()})
    return error_response(ApiError(422, "invalid_input", f"Please check: {', '.join(places)}."))


def _framework_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return error_response(from_status(error.status_code), error.headers)
