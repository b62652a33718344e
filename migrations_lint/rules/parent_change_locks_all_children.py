"""ALTER TABLE of a parent: the same lock on every partition or inheriting table."""

from collections.abc import Iterator

from migrations_lint.model import DropsRelation, Finding, LockMode, Severity
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_FEW = 2  # children; fewer are no family


@rule
def parent_change_locks_all_children(moment: Moment) -> Iterator[Finding]:
    """A note, since ONLY is rarely an answer; but the more there are, the likelier one is busy."""
    strong = {lock.relation for lock in moment.locks_on_live_tables() if lock.mode is LockMode.ACCESS_EXCLUSIVE}
    if len(strong) <= _FEW or moment.has(DropsRelation):
        return
    for relation in sorted(strong):
        table = moment.before.find(relation)
        children = {child.relation for child in moment.before.children(relation)} & strong
        is_top = table is not None and table.partition_of not in strong and not strong & set(table.inherits)
        if len(children) >= _FEW and is_top:
            yield moment.finding(
                f"reads and writes of {relation} and of its {len(children)} partitions or children wait: each is "
                "locked too",
                help="Set a short lock_timeout and try again when it fires: one long query on any of them is enough to "
                "wait for.",
                relations=(relation,),
                severity=Severity.NOTE,
            )
