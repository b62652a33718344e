"""CREATE TABLE without a primary key."""

from collections.abc import Iterator

from migrations_lint.model import CreatesRelation, Finding, RelationKind, Severity
from migrations_lint.release import Release
from migrations_lint.rules import release_rule
from migrations_lint.snapshot import TEMPORARY

_KINDS = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED_TABLE})


@release_rule
def table_lacks_primary_key(release: Release) -> Iterator[Finding]:
    """Silent for partitions, copies and temporary tables, and where a later statement or migration adds the key."""
    for checked, statement in release.statements(CreatesRelation):
        for created in statement.all(CreatesRelation):
            table = release.after.find(created.relation)
            is_own = created.kind in _KINDS and created.relation.schema != TEMPORARY and not created.from_query
            if not is_own or created.partition_of or created.inherits or table is None or table.primary_key:
                continue
            if not created.complete or any(index.unique for index in table.indexes):
                continue
            yield release.finding(
                checked,
                statement,
                f"nothing tells two equal rows of {created.relation} apart: it has no primary key and nothing unique, "
                "and under logical replication its rows cannot be changed or deleted",
                help=f"Give {created.relation} a primary key: id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY.",
                relations=(created.relation,),
                severity=Severity.NOTE,
            )
