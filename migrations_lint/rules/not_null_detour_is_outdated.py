"""The CHECK (column IS NOT NULL) detour, where PostgreSQL 18 has NOT NULL … NOT VALID."""

from collections.abc import Iterator
from dataclasses import replace

from migrations_lint.model import AddsConstraint, ConstraintKind, Direction, Finding, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_SINCE = 18


@rule
def not_null_detour_is_outdated(moment: Moment) -> Iterator[Finding]:
    """A CHECK that says nothing but IS NOT NULL about one column."""
    if moment.settings.server_version < _SINCE or moment.direction is Direction.DOWN:
        return
    for added in moment.all_on_live(AddsConstraint):
        check = added.constraint
        if check.kind is not ConstraintKind.CHECK or check.valid or check.not_null_columns != check.columns:
            continue
        direct = replace(check, kind=ConstraintKind.NOT_NULL)
        yield moment.finding(
            f"PostgreSQL {moment.settings.server_version} needs no CHECK to make {', '.join(check.columns)} NOT NULL "
            f"beside traffic, and this one has to be dropped from {added.relation} later, under ACCESS EXCLUSIVE",
            help=f"{moment.dialect.add_not_valid(added.relation, direct)}; then VALIDATE CONSTRAINT {check.name} in a "
            "later migration, and that is all.",
            relations=(added.relation,),
            severity=Severity.NOTE,
        )
