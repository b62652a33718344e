"""What smoke decides without asking anybody: requests filled in, bodies spoilt, numbers recognised, URLs read."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from smoke.bad_input import bad_bodies
from smoke.checks.latency import Latency
from smoke.database_url import parse
from smoke.document import NOTHING, differences, value_at
from smoke.identifiers import identifiers_in
from smoke.model import Verdict
from smoke.steps import filled

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab", min_size=1), inner, max_size=4),
)
SAMPLES = st.dictionaries(st.text("abc", min_size=1, max_size=3), JSON, min_size=1, max_size=4)


@given(SAMPLES)
def test_every_bad_body_is_another_than_the_right_one_and_the_unreadable_ones_are_no_objects(
    sample: Mapping[str, Any],
) -> None:
    for bad in bad_bodies(sample):
        if bad.content_type == "application/json":
            assert _read(bad.content) != sample, bad.what
        if bad.is_unreadable:
            assert not isinstance(_read(bad.content), dict), bad.what


def _read(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        return NOTHING


@given(JSON, st.dictionaries(st.text("xyz", min_size=1), st.text()))
def test_filling_in_changes_only_known_names_and_keeps_the_shape(value: Any, known: dict[str, str]) -> None:
    assert filled(value, {}) == value
    assert filled({"a": ["{unknown}", value]}, known)["a"][0] == "{unknown}"
    for name, text in known.items():
        assert filled([f"/{{{name}}}/"], known) == [f"/{text}/"]


@given(JSON)
def test_a_document_differs_from_nothing_that_was_read_out_of_it(document: Any) -> None:
    leaves = dict(_leaves(document))

    assert list(differences(json.dumps(document).encode(), leaves)) == []
    for path in leaves:
        assert value_at(document, path) == leaves[path]


def _leaves(document: Any, path: str = "") -> list[tuple[str, Any]]:
    if isinstance(document, dict):
        return [leaf for key, inner in document.items() for leaf in _leaves(inner, f"{path}.{key}".lstrip("."))]
    return [(path, document)] if path else []


@given(st.integers(0, 999), st.integers(0, 99), st.integers(0, 9999))
def test_a_social_security_number_is_one_that_can_have_been_given(area: int, group: int, serial: int) -> None:
    is_one = area not in (0, 666) and area < 900 and group != 0 and serial != 0
    withdrawn = {(78, 5, 1120), (219, 9, 9999), (457, 55, 5462)}  # printed in advertisements, and never given again
    number = f"{area:03}-{group:02}-{serial:04}"

    found = "social security number" in identifiers_in(f"SSN {number}.")

    assert found == (is_one and (area, group, serial) not in withdrawn)


@given(st.text("0123456789", min_size=8, max_size=8), st.sampled_from("12"))
def test_an_npi_has_its_check_digit_and_is_called_one(digits: str, first: str) -> None:
    body = first + digits
    number = body + luhn.calc_check_digit(f"80840{body}")
    wrong = body + str((int(number[-1]) + 1) % 10)

    assert list(identifiers_in(f'{{"npi": "{number}"}}')) == ["NPI"]
    assert list(identifiers_in(f"npi {wrong}, started at {number}")) == []


@given(st.sampled_from(["4", "51", "2221", "6011", "65"]), st.text("0123456789", min_size=15, max_size=15))
def test_a_card_has_its_check_digit_however_it_is_grouped(start: str, digits: str) -> None:
    body = (start + digits)[:15]
    number = body + luhn.calc_check_digit(body)
    grouped = " ".join(number[place : place + 4] for place in range(0, 16, 4))
    wrong = body + str((int(number[-1]) + 1) % 10)

    assert [list(identifiers_in(text)) for text in (number, f"card {grouped}.")] == [["card number"]] * 2
    assert list(identifiers_in(wrong)) == []


@pytest.mark.parametrize(
    ("url", "place", "for_libpq"),
    [
        (
            "postgresql://app:secret@db.example:6432/shop?pgbouncer=true&connection_limit=3&sslmode=require",
            "db.example:6432/shop",
            "postgresql://app:secret@db.example:6432/shop?sslmode=require",
        ),
        ("postgres+asyncpg://app@db.example/shop", "db.example:5432/shop", "postgres://app@db.example/shop"),
        ("postgresql://app@/shop?host=%2Frun%2Fpg&port=5433", "/run/pg:5433/shop", None),
    ],
)
def test_a_database_url_is_taken_apart(url: str, place: str, for_libpq: str | None) -> None:
    parsed = parse(url)

    assert parsed.place == place
    assert for_libpq is None or parsed.for_libpq == for_libpq
    assert "secret" not in repr(parsed)


@pytest.mark.parametrize("url", ["", "mysql://app:hunter2@db/shop", "postgresql://db:port/shop", "hunter2"])
def test_what_is_no_database_url_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ValueError, match=r"^it ") as caught:
        parse(url)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [
        ([0.1] * 59, Verdict.PASS),
        ([0.1] * 58, Verdict.INCONCLUSIVE),
        ([0.1] * 99 + [3.0], Verdict.PASS),
        ([0.1] * 96 + [3.0] * 4, Verdict.INCONCLUSIVE),  # perhaps bad luck
        ([0.1] * 88 + [3.0] * 12, Verdict.FAIL),
        ([3.0] * 2, Verdict.FAIL),
        ([], Verdict.INCONCLUSIVE),
    ],
)
def test_latency_is_judged_by_a_bound_and_not_by_the_sample(seconds: list[float], verdict: Verdict) -> None:
    assert Latency(p95_seconds=1.0).judge(seconds).verdict is verdict
