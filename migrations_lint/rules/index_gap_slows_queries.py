"""An index dropped before the one that replaces it is there."""

from collections.abc import Iterator

from migrations_lint.model import CheckedStatement, CreatesIndex, DropsIndex, Finding, Work
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def index_gap_slows_queries(release: Release) -> Iterator[Finding]:
    """Similar is what begins with the same column; a guarded drop of the very name removes a failed build.

    Within one transaction there is no gap: everyone waits until both are done.
    """
    if not release.has(DropsIndex):
        return
    dropped: list[tuple[DropsIndex, CheckedStatement]] = []
    for checked, statement in release.statements(CreatesIndex, DropsIndex):
        for index in statement.all(CreatesIndex):
            gap = next((old for old, at in dropped if _replaces(index, old) and not _is_one(at, statement)), None)
            if gap is not None and index.relation not in release.new:
                yield release.finding(
                    checked,
                    statement,
                    f"queries of {index.relation} have neither {gap.index.name}, dropped above, nor {index.index.name} "
                    "until this is built",
                    help=f"Build {index.index.name} first (under another name if it has to be the same), then drop "
                    f"{gap.index.name}.",
                    relations=(index.relation,),
                    lasting=(lock for lock in statement.locks if lock.work is Work.INDEX_BUILD),
                )
        dropped += [(drop, statement) for drop in statement.all(DropsIndex) if drop.columns]


def _is_one(first: CheckedStatement, second: CheckedStatement) -> bool:
    same = first.statement.fragment.source == second.statement.fragment.source
    return same and first.transaction is not None and first.transaction == second.transaction


def _replaces(index: CreatesIndex, old: DropsIndex) -> bool:
    retried = old.if_exists and old.index == index.index and old.columns == index.columns
    return old.relation == index.relation and old.columns[:1] == index.columns[:1] and not retried
