"""UNIQUE, PRIMARY KEY or EXCLUDE added to a table in use: its index is built under ACCESS EXCLUSIVE."""

from collections.abc import Iterator

from migrations_lint.model import AddsConstraint, ConstraintKind, Finding, Work
from migrations_lint.moment import Moment
from migrations_lint.recipes import constraint_using_index
from migrations_lint.rules import rule

_INDEXED = frozenset({ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY, ConstraintKind.EXCLUDE})


@rule
def constraint_build_blocks_reads(moment: Moment) -> Iterator[Finding]:
    """Silent for USING INDEX, which only takes over an index that is there."""
    building = [lock for lock in moment.locks_on_live_tables() if lock.work in {Work.INDEX_BUILD, Work.REWRITE}]
    for added in moment.all(AddsConstraint):
        constraint = added.constraint
        if (
            constraint.kind not in _INDEXED
            or constraint.using_index
            or not building
            or not moment.is_live(added.relation)
        ):
            continue
        columns = ", ".join(constraint.columns)
        kind = constraint.kind.value.upper()
        way_out = (
            "There is no way to build it beside traffic: copy into a new table, or check with a trigger."
            if constraint.kind is ConstraintKind.EXCLUDE
            else f"CREATE UNIQUE INDEX CONCURRENTLY {constraint.name} ON {added.relation} ({columns}), outside a "
            f"transaction; then ADD CONSTRAINT … {kind} USING INDEX {constraint.name}, which is instant."
        )
        yield moment.finding(
            f"reads and writes of {added.relation} wait while the index of {constraint.name} is built",
            help=way_out,
            relations=(added.relation,),
            fix=constraint_using_index(moment, added),
            lasting=building,
        )
