"""Whoever edits, deletes, reorders or cuts off is found, by the export alone and a head that was kept elsewhere."""

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.audit.checkpoint import NotASignedHead, read_head, read_verifier_key, signed_head, verifier_key
from gatekeeper.audit.export import Export, NotAnExport
from gatekeeper.audit.merkle import leaf_hash, root
from gatekeeper.audit.verify import check
from gatekeeper.model.audit import NO_ENTRY_BEFORE, AuditEntry

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()
START = datetime(2026, 11, 24, 9, 30, 0, 250_000, UTC)


def log(size: int) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    for number in range(size):
        previous = entries[-1].sha256 if entries else NO_ENTRY_BEFORE
        at = START + timedelta(seconds=number)
        entries.append(AuditEntry(number, at, "actor-1", f"step {number}", "r1", "d" * 64, "0" * 64, previous))
    return entries


def head(entries: list[AuditEntry], size: int) -> str:
    hashes = [leaf_hash(entry.canonical()) for entry in entries[:size]]
    return signed_head("gatekeeper", size, root(hashes), KEY).text


def export(entries: list[AuditEntry], *sizes: int) -> Export:
    return Export.of(
        verifier_key("gatekeeper", PUBLIC), tuple(entries), tuple(head(entries, size) for size in sizes), {}, {}
    )


def test_a_log_that_nobody_touched_is_whole() -> None:
    result = check(export(log(9), 3, 7), PUBLIC)

    assert (result.entries, result.signed, result.bad) == (9, 7, None)


@given(st.integers(2, 12), st.data())
def test_an_entry_that_was_edited_is_named(size: int, data: st.DataObject) -> None:
    entries = log(size)
    value = export(entries, size).as_json()
    number = data.draw(st.integers(0, size - 1))
    field = data.draw(st.sampled_from(["at", "actor", "action", "release", "digest", "details"]))
    value["entries"][number][field] = "2026-11-24T09:31:07.000001+00:00" if field == "at" else "another"

    bad = check(Export.from_json(json.loads(json.dumps(value))), PUBLIC).bad

    assert bad is not None
    # The last entry has none after it that would tell: only the head does, which covers all of them.
    assert bad.entry == (number if number < size - 1 else 0)


@given(st.integers(3, 12), st.data())
def test_a_link_that_was_edited_blames_its_own_entry(size: int, data: st.DataObject) -> None:
    value = export(log(size), size).as_json()
    number = data.draw(st.integers(0, size - 2))
    value["entries"][number]["previous"] = "f" * 64

    bad = check(Export.from_json(value), PUBLIC).bad

    assert bad is not None
    assert bad.entry == number


@given(st.integers(3, 12), st.data())
def test_whoever_deletes_or_swaps_is_found_where_it_begins(size: int, data: st.DataObject) -> None:
    value = export(log(size), size).as_json()
    number = data.draw(st.integers(0, size - 2))
    if data.draw(st.booleans()):
        del value["entries"][number]
    else:
        value["entries"][number : number + 2] = reversed(value["entries"][number : number + 2])

    bad = check(Export.from_json(value), PUBLIC).bad

    assert bad is not None
    assert bad.entry == number


@given(st.integers(2, 12), st.data())
def test_a_forger_who_writes_the_rest_anew_is_found_by_the_heads(size: int, data: st.DataObject) -> None:
    entries = log(size)
    first = data.draw(st.integers(0, size - 1))
    signed = data.draw(st.integers(first + 1, size))
    forged = entries[:first]
    for entry in entries[first:]:
        previous = forged[-1].sha256 if forged else NO_ENTRY_BEFORE
        forged.append(replace(entry, action=f"{entry.action}, or so", previous=previous))
    value = Export.of(verifier_key("gatekeeper", PUBLIC), tuple(forged), (head(entries, signed),), {}, {})

    bad = check(value, PUBLIC).bad

    assert bad is not None
    assert bad.entry is not None
    assert bad.entry <= first


@given(st.integers(2, 12), st.data())
def test_an_end_cut_off_together_with_its_heads_is_found_by_a_head_kept_elsewhere(
    size: int, data: st.DataObject
) -> None:
    entries = log(size)
    left = data.draw(st.integers(1, size - 1))
    cut = export(entries[:left], left)

    assert check(cut, PUBLIC).bad is None
    bad = check(cut, PUBLIC, [head(entries, size)]).bad

    assert bad is not None
    assert bad.entry == left


def test_a_head_by_another_key_is_not_believed() -> None:
    other = Ed25519PrivateKey.generate()

    bad = check(export(log(3), 3), other.public_key()).bad

    assert bad is not None
    assert (bad.entry, bad.problem) == (None, "a head cannot be believed: its signature is not of this key")


def test_details_that_were_changed_are_found_and_erased_ones_are_not_missed() -> None:
    import hashlib

    import rfc8785

    content = {"reason": "seen", "salt": "s"}
    digest = hashlib.sha256(rfc8785.dumps(content)).hexdigest()
    entry = replace(log(1)[0], details=digest)
    kept = Export.of(verifier_key("gatekeeper", PUBLIC), (entry,), (head([entry], 1),), {digest: content}, {})

    assert check(kept, PUBLIC).bad is None
    assert check(replace(kept, details={}), PUBLIC).bad is None
    bad = check(replace(kept, details={digest: {**content, "reason": "not seen"}}), PUBLIC).bad
    assert bad is not None
    assert bad.entry == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_whatever_is_put_in_an_entrys_place_is_found_and_breaks_nothing(data: st.DataObject) -> None:
    value: dict[str, Any] = export(log(4), 2, 4).as_json()
    place = data.draw(st.sampled_from([*range(4), "heads", "details"]))
    before = copy.deepcopy(value)
    if isinstance(place, int):
        value["entries"][place][data.draw(st.sampled_from(list(value["entries"][0])))] = data.draw(JSON)
    elif place == "heads":
        value["heads"][data.draw(st.integers(0, 1))] = data.draw(st.text())
    else:
        value["details"] = {"0" * 64: data.draw(JSON)}
    try:
        bad = check(Export.from_json(value), PUBLIC).bad
    except NotAnExport:
        return
    assert (bad is None) == (value == before)


@given(JSON)
def test_what_is_no_export_is_refused_as_such(value: Any) -> None:
    with pytest.raises(NotAnExport):
        Export.from_json(value)


@given(st.text())
def test_what_is_no_head_is_refused_as_such(text: str) -> None:
    with pytest.raises(NotASignedHead):
        read_head(text, PUBLIC)


def test_a_head_is_a_checkpoint_that_others_read_as_well() -> None:
    text = head(log(3), 3)

    name, size, digest, empty, signature, end = text.split("\n")
    assert (name, size, empty, end) == ("gatekeeper", "3", "", "")
    assert len(digest) == 44
    assert signature.startswith("— gatekeeper ")
    assert read_head(text, PUBLIC).size == 3


def test_a_verifier_key_reads_back_and_a_damaged_one_does_not() -> None:
    line = verifier_key("gatekeeper", PUBLIC)

    assert read_verifier_key(line) == PUBLIC
    for damaged in (line[:-2], line.replace("gatekeeper", "other"), "", "a+b+c"):
        with pytest.raises(ValueError, match="key"):
            read_verifier_key(damaged)
