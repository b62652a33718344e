"""UNIQUE, PRIMARY KEY or EXCLUDE added to a table in use: its index is built under ACCESS EXCLUSIVE."""

from collections.abc import Iterator

from migrations_lint.dialect import quoted, spelled
from migrations_lint.model import AddsConstraint, ConstraintKind, CreatesIndex, Finding, Relation, Work
from migrations_lint.moment import Moment
from migrations_lint.recipes import constraint_using_index
from migrations_lint.rules import rule

_INDEXED = frozenset({ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY, ConstraintKind.EXCLUDE})


@rule
def constraint_build_blocks_reads(moment: Moment) -> Iterator[Finding]:
    """Silent for USING INDEX, which only takes over an index that is there."""
    building = list(moment.locks_on_live_tables(Work.INDEX_BUILD, Work.REWRITE))
    for added in moment.all(AddsConstraint):
        constraint = added.constraint
        if (
            constraint.kind not in _INDEXED
            or constraint.using_index
            or not building
            or not moment.is_live(added.relation)
        ):
            continue
        yield moment.finding(
            f"reads and writes of {added.relation} wait while the index of {constraint.name} is built",
            help=_way_out(moment, added),
            relations=(added.relation,),
            fix=constraint_using_index(moment, added),
            lasting=building,
        )


def _way_out(moment: Moment, added: AddsConstraint) -> str:
    constraint, dialect = added.constraint, moment.dialect
    if constraint.kind is ConstraintKind.EXCLUDE:
        return "There is no way to build it beside traffic: copy into a new table, or check with a trigger."
    name = Relation(added.relation.schema, constraint.name)
    index = CreatesIndex(added.relation, name, constraint.columns, unique=True, concurrently=True)
    kind, table = constraint.kind.value.upper(), spelled(added.relation)
    using = f"ALTER TABLE {table} ADD CONSTRAINT {quoted(name.name)} {kind} USING INDEX {quoted(name.name)}"
    first = "Add the column alone; then " if added.inline else ""
    return (
        f"{first}{dialect.create_index(index)}, {dialect.outside}; then {dialect.statement(using)}, which is instant."
    )
