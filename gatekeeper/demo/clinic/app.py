"""One instance of the clinic as a web application."""

import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from gatekeeper.demo.clinic.errors import ERROR_SCHEMA, ApiError, error_response, from_status
from gatekeeper.demo.clinic.faults import Fault
from gatekeeper.demo.clinic.frame import RequestFrame
from gatekeeper.demo.clinic.routes import auth, clinic, cron, faults, health, pages, patients, webhooks
from gatekeeper.demo.clinic.wiring import Wiring

STATIC = Path(__file__).parent / "static"


def make_app(wiring: Wiring, *, with_faults: bool = False) -> FastAPI:
    """The application of one instance; `with_faults` lets anybody who reaches it break it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        wiring.database.close()

    app = FastAPI(
        title="Clinic",
        version=wiring.built.name,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        responses={"default": {"description": "An error", "content": {"application/json": {"schema": ERROR_SCHEMA}}}},
    )
    app.state.wiring = wiring
    for room in (health, auth, clinic, patients, webhooks, cron, pages):
        app.include_router(room.router)
    if with_faults:
        app.include_router(faults.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(RequestFrame, wiring=wiring)
    app.add_exception_handler(ApiError, _our_error)
    app.add_exception_handler(RequestValidationError, _unfit_input)
    app.add_exception_handler(HTTPException, _framework_error)
    return app


def _our_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error_response(error)


def _unfit_input(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if request.app.state.wiring.release.has(Fault.ERRORS_SHOW_TRACE):
        return PlainTextResponse("".join(traceback.format_exception(error)), 500)
    places = sorted({".".join(str(part) for part in problem["loc"][:2]) for problem in error.errors()})
    return error_response(ApiError(422, "invalid_input", f"Please check: {', '.join(places)}."))


def _framework_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if request.app.state.wiring.release.has(Fault.ERRORS_LOSE_SHAPE):
        return JSONResponse({"detail": error.detail}, error.status_code)
    return error_response(from_status(error.status_code), error.headers)
