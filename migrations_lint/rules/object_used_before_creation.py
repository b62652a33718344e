"""A table used by a migration that runs before the one which makes it."""

from collections.abc import Iterator

from migrations_lint.model import CreatesRelation, DropsRelation, Finding, Relation, RenamesRelation, Severity
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def object_used_before_creation(release: Release) -> Iterator[Finding]:
    """The order of files is the tool's; usually two branches were merged, or a number was mistyped."""
    if not release.has(CreatesRelation):
        return
    maker = _makers(release)
    made: set[Relation] = set()
    for checked, statement in release.statements():
        changed = (
            fact for fact in statement.facts if isinstance(fact, CreatesRelation | DropsRelation | RenamesRelation)
        )
        made |= {fact.relation for fact in changed}
        for lock in statement.locks:
            if lock.relation in maker and lock.relation not in made and maker[lock.relation] != checked.migration.id:
                made.add(lock.relation)
                yield release.finding(
                    checked,
                    statement,
                    f"fails on a new database: {lock.relation} is made by a later migration, {maker[lock.relation]}",
                    help="Give the migration that makes the table the lower number.",
                    relations=(lock.relation,),
                    severity=Severity.ERROR,
                )


def _makers(release: Release) -> dict[Relation, str]:
    return {
        fact.relation: checked.migration.id
        for checked, statement in release.statements()
        for fact in statement.all(CreatesRelation)
        if not fact.if_not_exists and not fact.or_replace
    }
