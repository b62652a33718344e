"""A statement that the schema so far contradicts: what it makes exists, or what it names does not."""

from collections.abc import Iterator, Sequence

from migrations_lint.model import (
    AddsColumn,
    ChangesColumnType,
    CreatesIndex,
    CreatesRelation,
    DropsColumn,
    Finding,
    Relation,
    RelationKind,
    RenamesColumn,
    RowChange,
    SetsDefault,
    SetsNotNull,
)
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_TABLES = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED_TABLE})


@rule
def statement_fails_on_known_schema(moment: Moment) -> Iterator[Finding]:
    """Only where the history made the table and nothing unknown has touched it since."""
    for relation, what in (*_exists(moment), *_lacks(moment), *_repeats(moment)):
        if moment.migration.problems:
            return  # a part of the migration could not be read
        yield moment.finding(
            f"fails: {what}",
            help="Compare with the migrations before this one; if the database differs from what they build, "
            "`gatekeeper verify` "
            "and a snapshot of production show how.",
            relations=(relation,),
        )


def _exists(moment: Moment) -> Iterator[tuple[Relation, str]]:
    for made in moment.all(CreatesRelation):
        known = moment.before.find(made.relation)
        again = made.kind is not RelationKind.SEQUENCE and not made.if_not_exists and not made.or_replace
        if again and known is not None and known.certain and known.complete:
            yield made.relation, f"{made.relation} exists already, as an earlier migration made it"
    gone = {(drop.relation, drop.column) for drop in moment.all(DropsColumn)}
    for added in moment.all(AddsColumn):
        known = moment.before.find(added.relation)
        if (added.relation, added.column.name) in gone:
            continue  # DROP COLUMN goes before ADD COLUMN within one ALTER TABLE, in whatever order they stand
        has_it = known is not None and known.certain and known.complete and added.column.name in known.columns
        if has_it and not added.if_not_exists and not _drops(moment, added):
            yield added.relation, f"{added.relation} has a column {added.column.name} already"
    for index in moment.all(CreatesIndex):
        owner = moment.before.table_of_index(index.index)
        if (
            owner is not None
            and owner.certain
            and owner.complete
            and not index.if_not_exists
            and not index.of_constraint
        ):
            yield index.relation, f"{owner.relation} has an index {index.index.name} already"


def _drops(moment: Moment, added: AddsColumn) -> bool:
    """An earlier action of the same ALTER TABLE drops the column."""
    return any(one.relation == added.relation and one.column == added.column.name for one in moment.all(DropsColumn))


def _repeats(moment: Moment) -> Iterator[tuple[Relation, str]]:
    """A column made, listed or set twice, which needs no schema to be wrong."""
    for made in moment.all(CreatesRelation):
        names = [column.name for column in made.columns]
        if made.kind in _TABLES and made.complete and not made.inherits and made.partition_of is None:
            yield from ((made.relation, f"{made.relation} would have {name} twice") for name in _twice(names))
    for change in moment.all(RowChange):
        for name in _twice(change.columns or ()):
            yield change.relation, f"{change.command} names {name} of {change.relation} twice"


def _twice(names: Sequence[str]) -> list[str]:
    return [name for at, name in enumerate(names) if names.index(name) < at]


def _lacks(moment: Moment) -> Iterator[tuple[Relation, str]]:
    for relation, column in _named(moment):
        known = moment.before.find(relation)
        if known is not None and known.lacks_column(column) and not _adds(moment, relation, column):
            near = ", ".join(known.columns)
            yield relation, f"{relation} has no column {column}; it has {near}"


def _named(moment: Moment) -> Iterator[tuple[Relation, str]]:
    for dropped in moment.all(DropsColumn):
        if not dropped.if_exists and not dropped.along:
            yield dropped.relation, dropped.column
    for fact in moment.facts if moment.has(RenamesColumn, ChangesColumnType, SetsNotNull, SetsDefault) else ():
        if isinstance(fact, RenamesColumn | ChangesColumnType | SetsNotNull | SetsDefault):
            yield fact.relation, fact.column
    for index in moment.all(CreatesIndex):
        if not index.of_constraint:
            yield from ((index.relation, column) for column in index.columns if not column.startswith("("))
    for change in moment.all(RowChange):
        yield from ((change.relation, column) for column in change.columns or ())


def _adds(moment: Moment, relation: Relation, column: str) -> bool:
    """An action of the same ALTER TABLE adds it, or a column is renamed to it."""
    added = any(one.relation == relation and one.column.name == column for one in moment.all(AddsColumn))
    return added or any(one.relation == relation and one.to == column for one in moment.all(RenamesColumn))
