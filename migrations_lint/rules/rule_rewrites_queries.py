"""CREATE RULE on a table: queries turn into others, unseen."""

from collections.abc import Iterator

from migrations_lint.model import CreatesObject, Finding, ObjectKind, RelationKind, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def rule_rewrites_queries(moment: Moment) -> Iterator[Finding]:
    """On a view, INSTEAD rules are how it is made writable."""
    for made in moment.all(CreatesObject):
        if made.kind is ObjectKind.RULE and made.on is not None and moment.kind_of(made.on) is not RelationKind.VIEW:
            yield moment.finding(
                f"statements on {made.on} are rewritten by rule {made.name} from here on: volatile expressions run "
                "twice, "
                "and row counts are no longer those of the statement",
                help="Write a trigger, which sees the rows themselves.",
                relations=(made.on,),
                severity=Severity.WARNING,
            )
