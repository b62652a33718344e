"""Does a release only add to the schema, or does it take away what running code may need?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gatekeeper.policy.undo import Answer
from migrations_lint.model import (
    AddsColumn,
    AddsConstraint,
    ChangesColumnType,
    Column,
    CreatesIndex,
    CreatesRelation,
    DropsColumn,
    DropsRelation,
    Fact,
    Relation,
    RenamesColumn,
    RenamesRelation,
    RowChange,
    SetsNotNull,
    Unknown,
)

_ONLY_ADDS = frozenset({"INSERT", "COPY"})


@dataclass(frozen=True, slots=True)
class Shape:
    """What the way up does to what existed before it.

    `expands`: proven where nothing was dropped, renamed, retyped or tightened. `removes` lists what is gone for
    good, `tightens` what old code may stumble over, and `rewrites` where rows were changed.
    """

    expands: Answer
    removes: tuple[str, ...] = ()
    tightens: tuple[str, ...] = ()
    rewrites: tuple[str, ...] = ()


def shape_of(facts: Iterable[Fact]) -> Shape:
    """Weigh the facts of all ways up of a release, in their order."""
    everything = tuple(facts)
    new = {fact.relation for fact in everything if isinstance(fact, CreatesRelation) and not fact.if_not_exists}
    removes = tuple(_removals(everything, new))
    tightens = tuple(_tightenings(everything, new))
    changes = (fact for fact in everything if isinstance(fact, RowChange) and fact.command not in _ONLY_ADDS)
    rewrites = tuple(str(change.relation) for change in changes if change.relation not in new)
    if removes or tightens:
        return Shape(Answer.DISPROVEN, removes, tightens, rewrites)
    is_dark = any(isinstance(fact, Unknown) for fact in everything)
    return Shape(Answer.UNKNOWN if is_dark else Answer.PROVEN, rewrites=rewrites)


def _removals(facts: Iterable[Fact], new: set[Relation]) -> Iterator[str]:
    for fact in facts:
        match fact:
            case DropsRelation(relation=relation, kind=kind) if relation not in new:
                yield f"{kind.value} {relation}"
            case DropsColumn(relation=relation, column=column) if relation not in new:
                yield f"column {relation}.{column}"


def _tightenings(facts: Iterable[Fact], new: set[Relation]) -> Iterator[str]:
    for fact in facts:
        match fact:
            case RenamesRelation(relation=relation, kind=kind) if relation not in new and kind.value != "index":
                yield f"{relation} has another name"
            case RenamesColumn(relation=relation, column=column) if relation not in new:
                yield f"{relation}.{column} has another name"
            case ChangesColumnType(relation=relation, column=column) if relation not in new:
                yield f"{relation}.{column} has another type"
            case SetsNotNull(relation=relation, column=column, required=True) if relation not in new:
                yield f"{relation}.{column} must be filled"
            case AddsConstraint(relation=relation, constraint=constraint) if relation not in new:
                yield f"{relation} has the constraint {constraint.name}"
            case AddsColumn(relation=relation, column=column) if relation not in new and _must_be_given(column):
                yield f"{relation}.{column.name} must be filled by every INSERT"
            case CreatesIndex(relation=relation, index=index, unique=True) if relation not in new:
                yield f"{relation} has the unique index {index.name}"
            case _:
                pass


def _must_be_given(column: Column) -> bool:
    return column.not_null and column.default is None and not column.identity and column.generated is None
