"""A new table with a tenant column and no row level security, where its siblings have it."""

from collections.abc import Iterator

from migrations_lint.model import AddsColumn, CheckedStatement, CreatesRelation, Finding, Relation, Severity
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def tenant_table_lacks_row_security(release: Release) -> Iterator[Finding]:
    """By how it stands when the whole history has run; a schema in which no table has it has chosen another way."""
    for checked, statement in release.statements(CreatesRelation, AddsColumn):
        for relation, column in _tenant_tables(release, statement):
            table = release.after.find(relation)
            if table is None or table.row_security or table.partition_of is not None or _is_shared(release, relation):
                continue
            if not table.complete:
                continue  # unreadable code has run since, and may have switched it on
            siblings = [other for other in release.after.tables.values() if other.relation.schema == relation.schema]
            guarded = [other.relation for other in siblings if other.row_security and column in other.columns]
            if guarded:
                yield release.finding(
                    checked,
                    statement,
                    f"{relation} has {column} and no row level security, as {guarded[0]} has: a query that forgets its "
                    "WHERE "
                    "reads the rows of every tenant",
                    help=f"In this transaction: ALTER TABLE {relation} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL "
                    "SECURITY; and "
                    f"CREATE POLICY … ON {relation} USING ({column} = …), as on {guarded[0]}. Name it in shared_tables "
                    "if all "
                    "tenants share it.",
                    relations=(relation,),
                    severity=Severity.ERROR,
                )


def _tenant_tables(release: Release, statement: CheckedStatement) -> Iterator[tuple[Relation, str]]:
    wanted = release.settings.tenant_columns
    for made in statement.all(CreatesRelation):
        yield from ((made.relation, column.name) for column in made.columns if column.name in wanted)
    for added in statement.all(AddsColumn):
        if added.column.name in wanted:
            yield added.relation, added.column.name


def _is_shared(release: Release, relation: Relation) -> bool:
    return bool({relation.name, str(relation)} & set(release.settings.shared_tables))
