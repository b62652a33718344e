"""Intake forms that another system sends: signed, checked before they are believed, and stored once."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from psycopg.types.json import Jsonb

from gatekeeper.demo.clinic.clinics import Clinic
from gatekeeper.demo.clinic.database import Connection

SIGNATURE_HEADER = "X-Intake-Signature"
_LONGEST_ID = 100


class MalformedSubmission(Exception):
    """The body is not a submission; the text says which part is wrong and never quotes it."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One form. The sender may deliver it many times under one id."""

    id: str
    clinic: str
    answers: Mapping[str, Any]


def sign(body: bytes, secret: str) -> str:
    """The header's value for a body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Whether the sender knows the secret."""
    return hmac.compare_digest(sign(body, secret).encode(), signature.encode())


def parse_submission(body: bytes) -> Submission:
    """Read a body, or raise MalformedSubmission: nothing that gets past here makes the database complain."""
    match _json_of(body):
        case {"submissionId": str(submission_id), "clinic": str(clinic), "answers": dict(answers)}:
            if not 0 < len(submission_id) <= _LONGEST_ID:
                raise MalformedSubmission(f"submissionId must have 1 to {_LONGEST_ID} characters")
            return Submission(submission_id, clinic, answers)
        case _:
            raise MalformedSubmission("expected an object with submissionId and clinic (text) and answers (an object)")


def store_submission(connection: Connection, clinic: Clinic, submission: Submission) -> bool:
    """Store it; False when it was here before."""
    stored = connection.execute(
        "INSERT INTO intake_submissions (clinic_id, submission_id, answers) VALUES (%s, %s, %s)"
        " ON CONFLICT (clinic_id, submission_id) DO NOTHING RETURNING id",
        (clinic.id, submission.id, Jsonb(submission.answers)),
    )
    return stored.fetchone() is not None


def _json_of(body: bytes) -> object:
    try:
        parsed = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
        text = json.dumps(parsed, ensure_ascii=False, allow_nan=False)
        text.encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise MalformedSubmission("the body is not JSON in UTF-8") from error
    if r"\u0000" in text.replace(r"\\", ""):
        raise MalformedSubmission("the body has a NUL character")
    return parsed


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
