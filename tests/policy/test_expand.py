"""A release that only adds is told from one that takes away or tightens."""

import pytest

from gatekeeper.policy.expand import shape_of
from gatekeeper.policy.undo import Answer
from migrations_lint.model import (
    AddsColumn,
    AddsConstraint,
    ChangesColumnType,
    Column,
    Constraint,
    ConstraintKind,
    CreatesIndex,
    CreatesRelation,
    DropsColumn,
    DropsIndex,
    DropsRelation,
    Fact,
    Relation,
    RelationKind,
    RenamesColumn,
    RenamesRelation,
    RowChange,
    SetsNotNull,
    Unknown,
)

PATIENTS = Relation("public", "patients")
NEW = Relation("public", "visits")
INDEX = Relation("public", "patients_name")
CREATED = CreatesRelation(NEW, RelationKind.TABLE)

ADDITIONS = [
    CREATED,
    AddsColumn(PATIENTS, Column("nickname", "text")),
    AddsColumn(PATIENTS, Column("score", "integer", not_null=True, default="0")),
    CreatesIndex(PATIENTS, INDEX, ("name",), unique=False, concurrently=True),
    DropsIndex(INDEX, PATIENTS, concurrently=True),
    SetsNotNull(PATIENTS, "name", required=False),
]
TIGHTENINGS = [
    AddsColumn(PATIENTS, Column("score", "integer", not_null=True)),
    AddsConstraint(PATIENTS, Constraint("positive", ConstraintKind.CHECK)),
    ChangesColumnType(PATIENTS, "name", "text", None),
    CreatesIndex(PATIENTS, INDEX, ("name",), unique=True, concurrently=True),
    RenamesColumn(PATIENTS, "name", "full_name"),
    RenamesRelation(PATIENTS, NEW, RelationKind.TABLE),
    SetsNotNull(PATIENTS, "name", required=True),
]


@pytest.mark.parametrize("fact", ADDITIONS)
def test_an_addition_expands(fact: Fact) -> None:
    assert shape_of([fact]).expands is Answer.PROVEN


@pytest.mark.parametrize("fact", TIGHTENINGS)
def test_what_old_code_may_stumble_over_is_named(fact: Fact) -> None:
    shape = shape_of([fact])

    assert shape.expands is Answer.DISPROVEN
    assert len(shape.tightens) == 1
    assert shape.removes == ()


@pytest.mark.parametrize("fact", [DropsColumn(PATIENTS, "name"), DropsRelation(PATIENTS, RelationKind.TABLE)])
def test_what_is_gone_for_good_is_named(fact: Fact) -> None:
    assert len(shape_of([fact]).removes) == 1


def test_what_the_release_itself_made_is_its_own_to_change() -> None:
    facts: list[Fact] = [
        CREATED,
        DropsColumn(NEW, "a"),
        SetsNotNull(NEW, "b", required=True),
        RowChange(NEW, "INSERT", True),
    ]

    assert shape_of(facts) == shape_of([CREATED])


def test_a_statement_that_nobody_understands_leaves_it_open() -> None:
    assert shape_of([CREATED, Unknown("a DO block")]).expands is Answer.UNKNOWN


def test_changed_rows_are_named() -> None:
    assert shape_of([RowChange(PATIENTS, "UPDATE", bounded=False)]).rewrites == ("public.patients",)
