"""The only index over a foreign key's columns is dropped."""

from collections.abc import Iterator

from migrations_lint.model import Constraint, ConstraintKind, DropsIndex, Finding, LockFact, LockMode, Work
from migrations_lint.release import Release
from migrations_lint.rules import release_rule
from migrations_lint.snapshot import Index, Table


@release_rule
def index_drop_slows_queries(release: Release) -> Iterator[Finding]:
    """Each delete of a referenced row then reads the whole table to find its references.

    Silent where another index does the same, also one that comes later, and where the table goes as well.
    """
    for checked, statement in release.statements(DropsIndex):
        for dropped in statement.all(DropsIndex):
            table = release.after.find(dropped.relation) if dropped.relation else None
            if table is None or not release.is_live(table.relation):
                continue
            for key in _without_index(table, dropped):
                yield release.finding(
                    checked,
                    statement,
                    f"{dropped.index.name} is the only index that begins with {', '.join(key.columns)}: each DELETE "
                    f"from {key.references}, and each change of its key, then reads all of {table.relation}",
                    help="Keep it, or build another index over the same columns first.",
                    relations=(table.relation,),
                    lasting=(LockFact(table.relation, table.kind, LockMode.ROW_SHARE, Work.SCAN),),
                )


def _without_index(table: Table, dropped: DropsIndex) -> Iterator[Constraint]:
    """The foreign keys that the dropped index served, and none does any more."""
    index = Index(dropped.index, dropped.columns, predicate=dropped.predicate)
    for key in table.constraints.values():
        served = key.kind is ConstraintKind.FOREIGN_KEY and index.finds_by(key.columns)
        if served and not any(other.finds_by(key.columns) for other in table.indexes):
            yield key
