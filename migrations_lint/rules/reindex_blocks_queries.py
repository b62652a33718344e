"""REINDEX without CONCURRENTLY, on what is in use."""

from collections.abc import Iterator

from migrations_lint.model import Finding, LockFact, Reindexes
from migrations_lint.moment import Moment
from migrations_lint.recipes import reindex_concurrently
from migrations_lint.rules import rule


@rule
def reindex_blocks_queries(moment: Moment) -> Iterator[Finding]:
    """Reads wait too: planning any query opens every index of its tables."""
    for reindex in moment.all(Reindexes):
        live = [lock.relation for lock in moment.locks_on_live_tables()]
        is_known = any(True for _ in moment.all(LockFact))
        if reindex.concurrently or (is_known and not live):
            continue
        whose = ", ".join(map(str, live)) or f"whatever {reindex.scope} {reindex.name} holds"
        yield moment.finding(
            f"reads and writes of {whose} wait while the indexes are built anew, one after the other",
            help="System catalogs have no concurrent form: leave it to a maintenance window."
            if reindex.scope == "SYSTEM"
            else f"{moment.dialect.statement(f'REINDEX {reindex.scope} CONCURRENTLY {reindex.name}')}, "
            f"{moment.dialect.outside}.",
            relations=tuple(live),
            fix=reindex_concurrently(moment),
            lasting=tuple(moment.locks_on_live_tables()),
        )
