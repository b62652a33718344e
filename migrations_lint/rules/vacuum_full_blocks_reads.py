"""VACUUM FULL and CLUSTER write the table anew under ACCESS EXCLUSIVE."""

from collections.abc import Iterator

from migrations_lint.model import Finding, Maintains, Work
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_REWRITES = frozenset({"VACUUM FULL", "CLUSTER"})


@rule
def vacuum_full_blocks_reads(moment: Moment) -> Iterator[Finding]:
    """Without a table, every table in turn."""
    for work in moment.all(Maintains):
        if work.command not in _REWRITES or (work.relation is not None and not moment.is_live(work.relation)):
            continue
        yield moment.finding(
            f"reads and writes of {work.relation or 'every table in turn'} wait while {work.command} writes the table "
            "and its indexes anew",
            help="pg_repack or pg_squeeze do it beside traffic; plain VACUUM is enough to let new rows use the space.",
            relations=(work.relation,) if work.relation is not None else (),
            lasting=[lock for lock in moment.locks_on_live_tables(Work.REWRITE) if lock.relation == work.relation],
        )
