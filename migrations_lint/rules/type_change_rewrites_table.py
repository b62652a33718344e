"""ALTER COLUMN … TYPE that changes how values are stored, or makes PostgreSQL look at each of them."""

from collections.abc import Iterator

from migrations_lint.model import Certainty, ChangesColumnType, Finding, LockFact, Relation, Work
from migrations_lint.moment import Moment
from migrations_lint.rules import rule
from migrations_lint.ways import WRITTEN, column_beside


@rule
def type_change_rewrites_table(moment: Moment) -> Iterator[Finding]:
    """A finding where the change rewrites or scans; silent where the old bytes stay good."""
    changes: dict[Relation, list[ChangesColumnType]] = {}
    for change in moment.all(ChangesColumnType):
        changes.setdefault(change.relation, []).append(change)
    locks = {lock.relation: lock for lock in moment.locks_on_live_tables()} if changes else {}
    lasting = [lock for lock in locks.values() if lock.work in {Work.REWRITE, Work.SCAN}]
    for relation, changed in changes.items():
        worst = _worst(locks, changed[0])
        if worst is None or worst.work not in {Work.REWRITE, Work.SCAN}:
            continue
        doing = "rewritten" if worst.work is Work.REWRITE else "read through"
        unsure = "may be" if worst.certainty is Certainty.ASSUMED else "is"
        how = ", ".join(f"{one.column} changes from {one.before or 'its old type'} to {one.type}" for one in changed)
        yield moment.finding(
            f"reads and writes of {relation} wait while it {unsure} {doing}: {how}",
            help=f"{column_beside(changed[0].column, changed[0].type)} {WRITTEN}",
            relations=(relation,),
            lasting=lasting,
        )


def _worst(locks: dict[Relation, LockFact], change: ChangesColumnType) -> LockFact | None:
    """The lock on the changed table, or on a partition of it that is rewritten in its place."""
    own = locks.get(change.relation)
    if own is None or own.work in {Work.REWRITE, Work.SCAN}:
        return own
    return next((lock for lock in locks.values() if lock.work is Work.REWRITE), own)
