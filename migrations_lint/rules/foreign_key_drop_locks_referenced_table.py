"""Dropping a foreign key, or its column: the table that it refers to is locked as well."""

from collections.abc import Iterator

from migrations_lint.dialect import quoted, spelled
from migrations_lint.model import Constraint, ConstraintKind, DropsColumn, DropsConstraint, Finding, Relation
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def foreign_key_drop_locks_referenced_table(moment: Moment) -> Iterator[Finding]:
    """ACCESS EXCLUSIVE on both. For a whole table that goes, table-drop-locks-referenced-tables says it."""
    dropped = tuple(_dropped(moment))
    if not dropped:
        return
    locked = {lock.relation for lock in moment.locks_on_live_tables() if lock.mode.blocks_reads}
    for relation, key in dropped:
        if key.references is None or key.references == relation or key.references not in locked:
            continue
        first = f"ALTER TABLE {spelled(relation)} DROP CONSTRAINT {quoted(key.name)}"
        yield moment.finding(
            f"reads and writes of {key.references} wait too: dropping {key.name} of {relation} takes ACCESS EXCLUSIVE "
            "on both tables",
            help="With a lock_timeout and another try, in a transaction of its own: "
            f"{moment.dialect.statement(first)}.",
            relations=(relation, key.references),
            severity=moment.brief,
        )


def _dropped(moment: Moment) -> Iterator[tuple[Relation, Constraint]]:
    for dropped in moment.all(DropsConstraint):
        table = moment.before.find(dropped.relation)
        if not dropped.along and table is not None and dropped.name in table.constraints:
            yield dropped.relation, table.constraints[dropped.name]
    for column in moment.all(DropsColumn):
        table = moment.before.find(column.relation)
        for constraint in table.constraints_on(column.column) if table else ():
            if constraint.kind is ConstraintKind.FOREIGN_KEY:
                yield column.relation, constraint
