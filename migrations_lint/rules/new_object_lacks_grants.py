"""A new table with no grants, in a schema where the other tables have some."""

from collections.abc import Iterator

from migrations_lint.model import CreatesRelation, Finding, RelationKind, Severity
from migrations_lint.release import Release
from migrations_lint.rules import release_rule

_TABLES = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED_TABLE})


@release_rule
def new_object_lacks_grants(release: Release) -> Iterator[Finding]:
    """By how it stands when the whole history has run, default privileges included; partitions need none."""
    for checked, statement in release.statements(CreatesRelation):
        for made in statement.all(CreatesRelation):
            table = release.after.find(made.relation)
            if table is None or table.kind not in _TABLES or table.granted or table.partition_of is not None:
                continue
            siblings = [
                other
                for other in release.after.tables.values()
                if other.relation.schema == made.relation.schema
                and other.kind in _TABLES
                and other.relation not in release.new
                and other.partition_of is None
            ]
            granted = [other for other in siblings if other.granted]
            if len(granted) * 2 > len(siblings) > 1:
                roles = ", ".join(sorted(granted[-1].granted))
                yield release.finding(
                    checked,
                    statement,
                    f"nobody but its owner may use {made.relation}: {granted[-1].relation} is granted to {roles}, this "
                    "is not",
                    help=f"GRANT SELECT, INSERT, UPDATE, DELETE ON {made.relation} TO {roles}, in this migration.",
                    relations=(made.relation,),
                    severity=Severity.WARNING,
                )
