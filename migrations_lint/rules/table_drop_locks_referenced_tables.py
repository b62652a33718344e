"""DROP TABLE: its foreign keys make other tables wait as well."""

from collections.abc import Iterator

from migrations_lint.model import DropsRelation, Finding, Relation, RelationKind
from migrations_lint.moment import Moment
from migrations_lint.rules import rule


@rule
def table_drop_locks_referenced_tables(moment: Moment) -> Iterator[Finding]:
    """Said once of each table that stays; that partitions lock their parent says partition-drop-locks-parent."""
    tables = [drop for drop in moment.all(DropsRelation) if not drop.along and drop.kind is not RelationKind.VIEW]
    if not tables:
        return
    dropped = {drop.relation for drop in moment.all(DropsRelation)}
    waiting = {lock.relation for lock in moment.held if lock.mode.blocks_reads}
    family = set(_family(moment, dropped))
    locked = [lock for lock in moment.locks_on_live_tables() if lock.mode.blocks_reads]
    others = [lock.relation for lock in locked if lock.relation not in dropped | family | waiting | moment.doomed]
    if not others:
        return
    yield moment.finding(
        f"reads and writes of {', '.join(map(str, others))} wait too: dropping {tables[0].relation} drops its foreign "
        "keys, which takes ACCESS EXCLUSIVE on both sides",
        help="Drop the foreign keys first, one a transaction, with a lock_timeout and another try; then the table.",
        relations=tuple(others),
        severity=moment.brief,
    )


def _family(moment: Moment, dropped: set[Relation]) -> Iterator[Relation]:
    for relation in dropped:
        table = moment.before.find(relation)
        parent = table.partition_of if table is not None else None
        if parent is not None:
            yield parent
            yield from (child.relation for child in moment.before.children(parent))
