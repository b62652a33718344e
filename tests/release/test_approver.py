"""Nobody approves in another's name: what is not signed by whoever it names does not count."""

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.audit.dsse import (
    NotSigned,
    opened,
    pre_authentication_encoding,
    public_line,
    read_public_line,
    sealed,
)
from gatekeeper.model.gate import Approval, Decision, Gate, Opened, Waiting
from gatekeeper.model.release import Release
from gatekeeper.policy.gates import may_open
from gatekeeper.release.approver import checked, signed

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ADA, EVE = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
KEYS = {"grace@example.com": (public_line(ADA.public_key()),), "eve@example.com": (public_line(EVE.public_key()),)}
RELEASE = Release("r1", "clinic", "production", "v2", "v1", "abc", "starter", NOW, digest="d" * 64)
SAID = Approval("production", Decision.APPROVE, "grace@example.com", "release-manager", "d" * 64, NOW, "seen")
GATE = Gate("production", {"release-manager": 1}, "starter", must_sign=True)


def opens(approval: Approval) -> bool:
    (one,) = checked(RELEASE, [approval], KEYS, {"grace@example.com": ("grace",)})
    answer = may_open(GATE, [one], RELEASE.digest, NOW)
    assert isinstance(answer, Opened | Waiting)
    return isinstance(answer, Opened)


def test_a_signed_approval_opens_the_gate_under_each_of_a_persons_names() -> None:
    assert opens(signed(RELEASE, SAID, ADA))
    assert opens(signed(RELEASE, replace(SAID, who="grace"), ADA))


def test_one_without_a_signature_or_with_somebody_elses_does_not() -> None:
    assert not opens(SAID)
    assert not opens(signed(RELEASE, SAID, EVE))
    assert not opens(replace(SAID, is_signed=True))


@pytest.mark.parametrize(
    "change",
    [
        {"who": "eve@example.com"},
        {"role": "dba"},
        {"reason": "not seen"},
        {"decision": Decision.BREAK_GLASS},
        {"gate": "staging"},
        {"digest": "e" * 64},
        {"at": NOW.replace(hour=11)},
    ],
)
def test_no_word_of_it_can_be_changed_in_the_store(change: dict[str, object]) -> None:
    one = replace(signed(RELEASE, SAID, ADA), **change)  # type: ignore[arg-type]

    assert not checked(RELEASE, [one], KEYS, {})[0].is_signed


def test_the_signature_of_one_release_is_none_of_another() -> None:
    one = signed(RELEASE, SAID, ADA)

    assert not checked(replace(RELEASE, id="r2"), [one], KEYS, {})[0].is_signed


def test_the_encoding_is_that_of_the_specification() -> None:
    assert pre_authentication_encoding("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=9), lambda one: st.lists(one) | st.dictionaries(st.text(), one)
)


@given(JSON)
def test_an_envelope_that_is_none_is_refused_and_nothing_else(value: object) -> None:
    with pytest.raises(NotSigned):
        opened(value, ADA.public_key())  # type: ignore[arg-type]


@given(st.binary(max_size=60).map(lambda raw: json.dumps(raw.hex()).encode()), st.integers(0, 10_000))
def test_whatever_is_changed_in_an_envelope_is_found(payload: bytes, place: int) -> None:
    envelope = sealed(payload, ADA)
    assert opened(envelope, ADA.public_key()) == json.loads(payload)
    changed = copy.deepcopy(envelope)
    text = changed["payload"]
    place %= len(text)
    changed["payload"] = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]

    try:
        found = opened(changed, ADA.public_key())
    except NotSigned:
        return
    assert found == json.loads(payload)  # base64 has unused bits at its end


@pytest.mark.parametrize("line", ["", "ed25519:", "ed25519:AAAA", "rsa:AAAA", "ed25519:" + "A" * 44])
def test_a_line_that_is_no_key_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"key|base64"):
        read_public_line(line)
