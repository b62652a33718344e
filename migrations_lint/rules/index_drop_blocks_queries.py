"""DROP INDEX without CONCURRENTLY, on a table that is in use."""

from collections.abc import Iterator

from migrations_lint.model import DropsIndex, Finding, RelationKind, Severity
from migrations_lint.moment import Moment
from migrations_lint.recipes import drop_concurrently
from migrations_lint.rules import rule


@rule
def index_drop_blocks_queries(moment: Moment) -> Iterator[Finding]:
    """One finding for each index that goes while its table is locked against everyone; silent where that goes too."""
    for index in moment.all(DropsIndex):
        relation = index.relation
        if index.concurrently or relation in moment.doomed or (relation and not moment.is_live(relation)):
            continue
        if relation is not None and moment.kind_of(relation) is RelationKind.PARTITIONED_TABLE:
            continue  # CONCURRENTLY is refused there
        table = moment.before.find(relation) if relation else None
        if table is not None and index.index.name in table.constraints:
            continue  # refused altogether: index-drop-fails-under-constraint
        safe = moment.dialect.drop_index(index.index, relation, if_exists=index.if_exists)
        yield moment.finding(
            f"reads and writes of {relation or 'the table of ' + str(index.index)} wait for DROP INDEX, "
            "and everyone queues behind it while it waits",
            help=f"{safe}, {moment.dialect.outside}.",
            relations=(relation,) if relation is not None else (),
            severity=Severity.WARNING,
            fix=drop_concurrently(moment, index),
        )
