"""Writes the steps of a fix into files of plain SQL: in place where the transactions allow it, else in what follows."""

from collections.abc import Callable, Sequence

from migrations_lint.fixing.following import Following
from migrations_lint.fixing.in_place import target_of
from migrations_lint.fixing.texts import Written
from migrations_lint.formats import MigrationFormat
from migrations_lint.model import Direction, Fix, Migration, Place, Step


def in_sql(
    migration: Migration, last: Migration, before: Migration | None, fix: Fix, plug_in: MigrationFormat
) -> Written | None:
    """The first way of writing it that keeps every other statement in the transaction it is in; None if there is none.

    What becomes a migration of its own runs after `last`, which is this one or the last that was made for it, and
    before `before`, the next of the history. Tried in turn: all steps in place; the first ones in place and the others
    in migrations that follow; all in migrations that follow.
    """
    target = target_of(migration, fix)
    if target is None:
        return None
    groups = _groups(fix.steps)
    ways: list[Callable[[], Written | None]] = [lambda: target.in_place(fix.steps, plug_in)]
    if fix.direction is Direction.UP:
        follow = Following(target, last, before, plug_in)
        ways += [lambda: follow.first_in_place(groups)] if len(groups) > 1 else []
        ways += [lambda: follow.all_moved(groups)] if fix.steps[0].place is not Place.HERE else []
    return next((written for way in ways if (written := way()) is not None), None)


def _groups(steps: Sequence[Step]) -> list[tuple[Step, ...]]:
    """Steps that share a transaction; one that stands alone shares none."""
    groups: list[tuple[Step, ...]] = []
    for step in steps:
        if groups and step.place is Place.HERE and groups[-1][0].place is not Place.ALONE:
            groups[-1] = (*groups[-1], step)
        else:
            groups.append((step,))
    return groups
