"""A foreign key added without NOT VALID: both tables refuse writes while every row is looked up."""

from collections.abc import Iterator

from migrations_lint.model import AddsConstraint, ConstraintKind, Finding, Work
from migrations_lint.moment import Moment
from migrations_lint.recipes import not_valid_then_validate
from migrations_lint.rules import rule


@rule
def foreign_key_scan_blocks_writes(moment: Moment) -> Iterator[Finding]:
    """SHARE ROW EXCLUSIVE on both sides, for as long as the check takes."""
    scanned = list(moment.locks_on_live_tables(Work.SCAN))
    for added in moment.all(AddsConstraint):
        constraint = added.constraint
        checked = constraint.kind is ConstraintKind.FOREIGN_KEY and constraint.valid and scanned
        if not checked or not moment.is_live(added.relation):
            continue
        tables = [one for one in (added.relation, constraint.references) if one is not None and moment.is_live(one)]
        names = " and ".join(map(str, dict.fromkeys(tables)))
        yield moment.finding(
            f"writes to {names} wait while {constraint.name} is checked",
            help=f"{moment.dialect.add_not_valid(added.relation, constraint)}; then, in a later migration, "
            f"{moment.dialect.validate(added.relation, constraint.name)}, which lets writes through.",
            relations=tuple(tables),
            fix=not_valid_then_validate(moment, added),
            lasting=scanned,
        )
