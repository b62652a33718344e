"""Every hazard of the list has a rule that catches it, or a reason why none does."""

import pytest

from migrations_lint.rules import rules
from tests.migrations_lint.hazards import PAGE, page, read_hazards, read_peers

HAZARDS = read_hazards()


@pytest.mark.parametrize("name", rules())
def test_what_a_page_says_it_covers_is_a_hazard_of_the_list(name: str) -> None:
    assert set(rules()[name].covers[1:]) <= HAZARDS.names


def test_no_hazard_is_covered_twice() -> None:
    covered = [hazard for rule in rules().values() for hazard in rule.covers]

    assert sorted(hazard for hazard in set(covered) if covered.count(hazard) > 1) == []


def test_every_hazard_has_a_rule_or_a_reason_for_having_none() -> None:
    covered = {hazard for rule in rules().values() for hazard in rule.covers}

    assert sorted(HAZARDS.names - covered - HAZARDS.without_rule.keys()) == []


def test_a_reason_stands_only_where_no_rule_does() -> None:
    covered = {hazard for rule in rules().values() for hazard in rule.covers}

    assert sorted(HAZARDS.without_rule.keys() & covered) == []
    assert HAZARDS.without_rule.keys() <= HAZARDS.names


@pytest.mark.parametrize("linter", read_peers())
def test_every_rule_of_another_linter_is_about_known_hazards_or_says_why_it_is_about_none(linter: str) -> None:
    for its, about in read_peers()[linter].items():
        assert about, its
        assert isinstance(about, str) or set(about) <= HAZARDS.names, its


def test_the_page_of_hazards_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.migrations_lint.hazards`"
