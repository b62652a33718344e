"""A CHECK added to a table in use without NOT VALID: every row is read under ACCESS EXCLUSIVE."""

from collections.abc import Iterator

from migrations_lint.model import AddsColumn, AddsConstraint, ConstraintKind, Finding, Work
from migrations_lint.moment import Moment
from migrations_lint.recipes import column_check_apart, not_valid_then_validate
from migrations_lint.rules import rule

_CHECKED = frozenset({ConstraintKind.CHECK, ConstraintKind.NOT_NULL})


@rule
def check_scan_blocks_reads(moment: Moment) -> Iterator[Finding]:
    """Also for a CHECK written in an added column."""
    scanned = list(moment.locks_on_live_tables(Work.SCAN, Work.REWRITE))
    in_column = any(True for _ in moment.all(AddsColumn))
    for added in moment.all(AddsConstraint):
        constraint = added.constraint
        if constraint.kind not in _CHECKED or not constraint.valid or not scanned or not moment.is_live(added.relation):
            continue
        yield moment.finding(
            f"reads and writes of {added.relation} wait while every row is tried against {constraint.name}",
            help=f"{moment.dialect.add_not_valid(added.relation, constraint)}; then, in a later migration, "
            f"{moment.dialect.validate(added.relation, constraint.name)}, which lets reads and writes through.",
            relations=(added.relation,),
            fix=(column_check_apart if in_column else not_valid_then_validate)(moment, added),
            lasting=scanned,
        )
