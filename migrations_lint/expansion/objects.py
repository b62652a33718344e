"""Statements about functions, types, schemas and their like: when they may run, and which names they give and take."""

from collections.abc import Iterator, Sequence

from migrations_lint.expansion.parts import Phase
from migrations_lint.model import (
    CreatesFunction,
    CreatesRelation,
    CreatesType,
    DropsColumn,
    DropsConstraint,
    DropsIndex,
    DropsObject,
    DropsRelation,
    Fact,
    ObjectKind,
    RelationKind,
    RenamesEnumValue,
    RenamesObject,
)
from migrations_lint.moment import Moment

_USED_BY_CODE = frozenset(
    {ObjectKind.DOMAIN, ObjectKind.EXTENSION, ObjectKind.FUNCTION, ObjectKind.SCHEMA, ObjectKind.TYPE}
)

_VIEWS = frozenset({RelationKind.VIEW, RelationKind.MATERIALIZED_VIEW})


def phase_of(moment: Moment) -> Phase | str:
    """The moment for a statement that runs as it is; a sentence where there is no good one."""
    for renamed in moment.all(RenamesObject):
        if renamed.kind in _USED_BY_CODE:
            return f"{renamed.name} has no second name meanwhile: make {renamed.to} beside it, and drop it later"
    for label in moment.all(RenamesEnumValue):
        return f"the running release writes '{label.label}': add '{label.to}' beside it, and change the rows later"
    dropped = any(not one.along and one.kind in _USED_BY_CODE for one in moment.all(DropsObject))
    return Phase.CONTRACT if dropped else Phase.BEFORE_DEPLOY


def views_below(moment: Moment) -> frozenset[str]:
    """The views that a dropped view reads: they can be made anew only when it is gone."""
    dropped = [moment.before.find(fact.relation) for fact in moment.all(DropsRelation)]
    reads = [moment.before.find(relation) for one in dropped if one is not None for relation in one.reads]
    return frozenset(one.relation.name for one in reads if one is not None and one.kind in _VIEWS)


def names_of(facts: Sequence[Fact]) -> frozenset[str]:
    """What the statement makes, or takes away with what it names, by bare names."""
    return frozenset(_names(facts))


def _names(facts: Sequence[Fact]) -> Iterator[str]:
    for fact in facts:
        match fact:
            case CreatesRelation(relation=relation) | DropsRelation(relation=relation):
                yield relation.name
            case DropsColumn(column=column):
                yield column
            case DropsIndex(index=index):
                yield index.name
            case DropsConstraint(name=name):
                yield name
            case DropsObject(name=name):
                yield _bare(name)
            case CreatesFunction(function=function):
                yield _bare(function.name)
            case CreatesType(type=made):
                yield _bare(made.name)


def _bare(name: str) -> str:
    return name.partition("(")[0].rpartition(".")[2].strip('"')
