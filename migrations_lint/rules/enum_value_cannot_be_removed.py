"""A column that moves to an enum with fewer labels, or an enum that is dropped while columns have it."""

from collections.abc import Iterator

from migrations_lint.model import (
    ChangesColumnType,
    Direction,
    DropsObject,
    Finding,
    ObjectKind,
    Severity,
    TypeKind,
    UserType,
)
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def enum_value_cannot_be_removed(moment: Moment) -> Iterator[Finding]:
    """PostgreSQL has no DROP VALUE; the way round by a new type rewrites the table and fails at the first old label."""
    if moment.direction is Direction.DOWN:
        return
    for change in moment.all_on_live(ChangesColumnType):
        old, new = _enum(moment, change.before), _enum(moment, change.type)
        gone = [label for label in old.labels if label not in new.labels] if old and new else []
        if gone:
            yield moment.finding(
                f"fails if a row of {change.relation} has {_any_of(gone)} in {change.column}, and the running release "
                "may still write it",
                help="Leave the label in the type and stop writing it; or move the rows to another label first, once "
                "no release writes it.",
                relations=(change.relation,),
            )
    for dropped in moment.all(DropsObject):
        users = [
            f"{t.relation}.{c.name}" for t, c in moment.before.users_of_type(dropped.name) if moment.is_live(t.relation)
        ]
        if dropped.kind is ObjectKind.TYPE and _enum(moment, dropped.name) and users:
            yield moment.finding(
                f"{', '.join(users)} {'goes' if len(users) == 1 else 'go'} with type {dropped.name}"
                if dropped.cascade
                else f"PostgreSQL refuses to drop type {dropped.name}: {', '.join(users)} has it",
                help="Move the columns to another type first.",
                severity=Severity.ERROR,
            )


def _enum(moment: Moment, name: str | None) -> UserType | None:
    known = moment.before.types.get(name) if name is not None else None
    return known if known is not None and known.kind is TypeKind.ENUM else None


def _any_of(labels: list[str]) -> str:
    return " or ".join(f"'{label}'" for label in labels)
