"""CREATE INDEX CONCURRENTLY IF NOT EXISTS: a build that failed before counts as existing."""

from collections.abc import Iterator

from migrations_lint.dialect import dialect_of
from migrations_lint.model import CreatesIndex, Direction, DropsIndex, Finding
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def failed_build_leaves_invalid_index(release: Release) -> Iterator[Finding]:
    """Silent where the leftover is dropped just before, and where the script looks for it itself."""
    if not release.has(CreatesIndex):
        return
    for checked in release.migrations:
        if checked.names("indisvalid"):
            continue
        dropped = set()
        for statement in checked.statements:
            if statement.direction is Direction.DOWN:
                continue
            dropped |= {drop.index for drop in statement.all(DropsIndex)}
            for index in statement.all(CreatesIndex):
                if not (index.concurrently and index.if_not_exists) or index.index in dropped:
                    continue
                dialect = dialect_of(checked.migration.tool)
                drop = dialect.drop_index(index.index, index.relation, if_exists=True)
                yield release.finding(
                    checked,
                    statement,
                    f"if the build of {index.index.name} fails, an invalid index stays on {index.relation}; run again, "
                    "IF NOT EXISTS finds it and builds nothing, and no query will ever use it",
                    help=f"Write {drop} {dialect.ahead} and leave out IF NOT EXISTS.",
                    relations=(index.relation,),
                )
