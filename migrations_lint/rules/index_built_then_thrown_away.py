"""An index built, and dropped or rebuilt by a later statement of the same release."""

from collections.abc import Iterator

from migrations_lint.model import (
    CheckedMigration,
    CheckedStatement,
    CreatesIndex,
    DropsColumn,
    DropsIndex,
    DropsRelation,
    Finding,
    LockFact,
    Severity,
    Work,
)
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def index_built_then_thrown_away(release: Release) -> Iterator[Finding]:
    """Only for tables that existed before: an index on a new one costs nothing."""
    if not release.has(CreatesIndex):
        return
    built: list[tuple[CheckedMigration, CheckedStatement, CreatesIndex]] = []
    for checked, statement in release.statements():
        for maker, place, index in built:
            what = _thrown_away(statement, index)
            if what is not None:
                yield release.finding(
                    maker,
                    place,
                    f"index {index.index.name} is built here, and {what} by {checked.migration.file_name}:"
                    f"{statement.statement.begins.line} of the same release: {index.relation} pays for it twice",
                    help="Put the index last, or leave it out.",
                    relations=(index.relation,),
                    severity=Severity.WARNING,
                    lasting=(lock for lock in place.locks if lock.work is Work.INDEX_BUILD),
                )
        built = [one for one in built if _thrown_away(statement, one[2]) is None]
        live = (index for index in statement.all(CreatesIndex) if index.relation not in release.new)
        built += [(checked, statement, index) for index in live]


def _thrown_away(statement: CheckedStatement, index: CreatesIndex) -> str | None:
    if any(dropped.index == index.index for dropped in statement.all(DropsIndex)):
        return "dropped"
    if any(dropped.relation == index.relation for dropped in statement.all(DropsRelation)):
        return "dropped with its table"
    columns = (dropped for dropped in statement.all(DropsColumn) if dropped.relation == index.relation)
    if any(dropped.column in index.columns for dropped in columns):
        return "dropped with its column"
    rewritten = (lock for lock in statement.all(LockFact) if lock.work is Work.REWRITE)
    if any(lock.relation == index.relation for lock in rewritten):
        return "built anew with its table"
    return None
