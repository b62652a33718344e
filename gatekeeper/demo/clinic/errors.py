"""What the clinic answers when it cannot do what was asked: one JSON shape for every status."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse

from gatekeeper.demo.clinic.logs import current_request_id


class ApiError(Exception):
    """An answer other than success. `message` is for people and never carries anyone's data."""

    def __init__(self, status: int, code: str, message: str, *, retry_after: int | None = None) -> None:
        self.status, self.code, self.message, self.retry_after = status, code, message, retry_after
        super().__init__(code)


class NotLoggedIn(ApiError):
    """There is no session, or it is over."""

    def __init__(self) -> None:
        super().__init__(401, "not_logged_in", "Please log in.")


class NotFound(ApiError):
    """What was asked for does not exist, or belongs to someone else: outsiders cannot tell which."""

    def __init__(self, what: str) -> None:
        super().__init__(404, "not_found", f"There is no such {what}.")


class DatabaseBusy(ApiError):
    """All connections are in use, or a statement waited too long."""

    def __init__(self) -> None:
        super().__init__(503, "database_busy", "The clinic is very busy. Please try again shortly.", retry_after=5)


class DatabaseUnavailable(ApiError):
    """The database does not answer."""

    def __init__(self) -> None:
        super().__init__(503, "database_unavailable", "The clinic is not available for a moment.", retry_after=5)


ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "requestId"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "requestId": {"type": "string"},
                "retryAfter": {"type": "integer"},
            },
        }
    },
}


def error_body(error: ApiError) -> dict[str, Any]:
    """The shape that every answer other than success has."""
    told = {"code": error.code, "message": error.message, "requestId": current_request_id()}
    return {"error": told if error.retry_after is None else {**told, "retryAfter": error.retry_after}}


def error_response(error: ApiError, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The error as an answer, with `Retry-After` where it is known."""
    retry = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return JSONResponse(error_body(error), error.status, headers={**(headers or {}), **retry})


def from_status(status: int) -> ApiError:
    """The error for an answer that the web framework gives by itself, such as 404 and 405."""
    phrase = HTTPStatus(status).phrase
    return ApiError(status, phrase.lower().replace(" ", "_").replace("-", "_"), f"{phrase}.")
