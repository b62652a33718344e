"""Intake submissions: signed, stored once, and never the cause of a 500."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from gatekeeper.demo.clinic.intake import (
    SIGNATURE_HEADER,
    MalformedSubmission,
    is_signed,
    parse_submission,
    sign,
)
from tests.demo.conftest import Databases, Running

SECRET = "intake-demo-secret"


@pytest.fixture(scope="module")
def connection(databases: Databases) -> Iterator[psycopg.Connection]:
    with databases.as_superuser() as made:
        yield made


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


submissions = st.fixed_dictionaries(
    {"submissionId": st.text(), "clinic": st.text(), "answers": st.dictionaries(st.text(), json_values) | json_values}
)


@given(st.binary() | (json_values | submissions).map(lambda value: json.dumps(value).encode()))
def test_whatever_body_is_not_refused_as_malformed_postgresql_can_store(
    connection: psycopg.Connection, body: bytes
) -> None:
    try:
        submission = parse_submission(body)
    except MalformedSubmission:
        return
    texts = (submission.id, submission.clinic)
    stored = connection.execute("SELECT %s::text, %s::text, %s::jsonb", (*texts, Jsonb(submission.answers))).fetchone()
    assert stored is not None
    assert stored[:2] == texts


@given(st.binary(), st.binary(), st.text())
def test_a_signature_fits_one_body_and_one_secret(body: bytes, other: bytes, secret: str) -> None:
    assert is_signed(body, sign(body, SECRET), SECRET)
    assert is_signed(other, sign(body, SECRET), SECRET) is (other == body)
    assert is_signed(body, sign(body, secret), SECRET) is (secret == SECRET)


def _submission(**changes: object) -> bytes:
    return json.dumps({"submissionId": "form-1", "clinic": "harbour", "answers": {"smoker": False}} | changes).encode()


def _send(running: Running, body: bytes, signature: str | None = None) -> httpx.Response:
    headers = {SIGNATURE_HEADER: sign(body, SECRET) if signature is None else signature}
    return httpx.post(f"{running.url}/api/webhooks/intake", content=body, headers=headers, timeout=10)


@pytest.mark.server
def test_a_submission_is_stored_once_however_often_and_at_once_it_is_sent(v1: Running) -> None:
    body = _submission(submissionId="often")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: _send(v1, body), range(8)))

    assert {answer.status_code for answer in answers} == {200}
    assert [answer.json()["status"] for answer in answers].count("accepted") == 1
    assert v1.rows("SELECT count(*) FROM intake_submissions WHERE submission_id = 'often'") == [(1,)]


@pytest.mark.server
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe{}",
        b"[" * 100_000,
        _submission(answers=[]),
        _submission(submissionId=""),
        _submission(submissionId="x" * 101),
        _submission(submissionId="nul \x00"),
        _submission(answers={"lone surrogate": "\ud800"}),
        _submission(answers={"not a number": float("nan")}),
        _submission(clinic="nowhere"),
        b'{"submissionId": "s", "clinic": "harbour", "answers": {"n": ' + b"9" * 5000 + b"}}",
    ],
    ids=lambda body: body[:30].decode(errors="replace"),
)
def test_a_malformed_submission_is_told_as_400(v1: Running, body: bytes) -> None:
    assert _send(v1, body).status_code == 400


@pytest.mark.server
@pytest.mark.parametrize("signature", ["", "sha256=00", "schlüssel"])
def test_a_submission_that_is_not_signed_is_refused(v1: Running, signature: str) -> None:
    headers = [(SIGNATURE_HEADER.encode(), signature.encode("latin-1"))]

    answer = httpx.post(f"{v1.url}/api/webhooks/intake", content=_submission(), headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "bad_signature")


@pytest.mark.server
def test_a_huge_submission_is_refused_before_it_is_read_to_its_end(v1: Running) -> None:
    assert _send(v1, b" " * (1024 * 1024)).status_code == 413
