"""Another type for a column, by way of a column beside it: kept in step by a trigger, filled in batches, swapped."""

from collections.abc import Iterator

from migrations_lint.expansion.dependents import dependents_of, key_of
from migrations_lint.expansion.parts import Part, Phase, slug
from migrations_lint.expansion.shadow import Shadow
from migrations_lint.expansion.swap import Swap
from migrations_lint.model import ChangesColumnType
from migrations_lint.moment import Moment


def changed_type(moment: Moment, change: ChangesColumnType) -> tuple[Part, ...] | str:
    """The parts, or why there are none."""
    table = moment.before.find(change.relation)
    column = table.columns.get(change.column) if table is not None else None
    if table is None or column is None or not (table.certain and table.complete):
        return f"the history does not tell what {change.relation}.{change.column} is, so nothing can be kept in step"
    found = dependents_of(moment.before, table, change.column)
    if isinstance(found, str):
        return found
    shadow = Shadow(table, column, change, found)
    return shadow.objection() or (*_beside(shadow), *_in_place(shadow))


def _beside(shadow: Shadow) -> Iterator[Part]:
    """All that goes on while the release that is running notices nothing."""
    before, title = Phase.BEFORE_DEPLOY, slug(shadow.table.relation.name, shadow.name)
    yield Part(
        before,
        f"add_{title}_new",
        tuple(shadow.beside()),
        f"Adds {shadow.new} of type {shadow.change.type} beside {shadow.name}; a trigger keeps it in step with what "
        "the application writes.",
    )
    why = f"Fills {shadow.new} for the rows that are there."
    yield Part(before, f"fill_{title}_new", (shadow.filling(),), why, fills=True, key=key_of(shadow.table))
    if shadow.is_required:
        yield Part(
            before,
            f"check_{title}_new",
            (shadow.validating(),),
            f"Proves that no row lacks a value in {shadow.new}, while reads and writes go on.",
        )
    for name, build in shadow.builds():
        yield Part(before, f"build_{slug(name)}_new", (build,), f"Builds {name} for the new column, beside traffic.")


def _in_place(shadow: Shadow) -> Iterator[Part]:
    swap, title = Swap(shadow), slug(shadow.table.relation.name, shadow.name)
    yield Part(
        Phase.AFTER_DEPLOY,
        f"swap_{title}",
        tuple(swap.steps()),
        f"Gives the new column the name {shadow.name}; the old one goes on as {shadow.old}, kept in step the other way "
        "round, so that there is a way back. Deploy code that takes both types before, and let prepared statements be "
        "made anew after.",
    )
    for constraint, step in swap.validations():
        yield Part(
            Phase.AFTER_DEPLOY,
            f"validate_{slug(constraint.name)}",
            (step,),
            f"Tries {constraint.name} on the rows that are there, while reads and writes go on.",
        )
    yield Part(
        Phase.CONTRACT,
        f"drop_{title}_old",
        tuple(swap.contract()),
        f"Drops {shadow.old}, once nobody goes back to the release that needs the old type.",
    )
