"""A column that a view, generated column or policy uses is dropped or changes its type, which PostgreSQL refuses."""

from collections.abc import Iterator

from migrations_lint.model import ChangesColumnType, DropsColumn, Finding, Relation
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def change_breaks_dependents(moment: Moment) -> Iterator[Finding]:
    """With CASCADE a dropped column takes them along instead; cascade-drops-unseen-objects says so."""
    for change in moment.all(ChangesColumnType):
        users = list(_users(moment, change.relation, change.column))
        if users:
            yield _refused(moment, change.relation, f"to change the type of {change.column}", users)
    for drop in moment.all(DropsColumn):
        users = list(_users(moment, drop.relation, drop.column))
        if users and not drop.cascade and not drop.along:
            yield _refused(moment, drop.relation, f"to drop {drop.column}", users)


def _refused(moment: Moment, relation: Relation, what: str, users: list[str]) -> Finding:
    return moment.finding(
        f"PostgreSQL refuses {what} of {relation}: {' and '.join(users)} {'uses' if len(users) == 1 else 'use'} it",
        help="In the same transaction, drop what uses it, make the change, and create it again.",
        relations=(relation,),
    )


def _users(moment: Moment, relation: Relation, column: str) -> Iterator[str]:
    table = moment.before.find(relation)
    if table is None:
        return
    dropped = {drop.column for drop in moment.all(DropsColumn) if drop.relation == relation}
    for view in moment.before.views_over(relation):
        others = [moment.before.find(read) for read in view.reads if read != relation]
        is_clear = not any(other is None or column in other.columns for other in others)
        if relation in view.reads and column in view.mentions and is_clear:
            yield f"view {view.relation}"
    for other in table.columns.values():
        if column in other.reads and other.name not in dropped:
            yield f"generated column {other.name}"
    for policy in table.policies.values():
        if column in policy.mentions:
            yield f"policy {policy.name}"
