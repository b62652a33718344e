"""A rule about the data is dropped, with nothing in its place."""

from collections.abc import Iterator

from migrations_lint.model import (
    AddsConstraint,
    ConstraintKind,
    CreatesIndex,
    DropsColumn,
    DropsConstraint,
    DropsRelation,
    Finding,
    LockFact,
    LockMode,
    Relation,
    RelationKind,
    Severity,
    Work,
)
from migrations_lint.release import Release
from migrations_lint.rules import release_rule


@release_rule
def constraint_drop_lets_bad_rows_in(release: Release) -> Iterator[Finding]:
    """Silent where the release puts another constraint on the table, or drops what the constraint was about."""
    if not release.has(DropsConstraint):
        return
    facts = [fact for _, statement in release.statements() for fact in statement.facts]
    replaced = {f.relation for f in facts if isinstance(f, AddsConstraint | DropsColumn | DropsRelation)}
    replaced |= {fact.relation for fact in facts if isinstance(fact, CreatesIndex) and fact.unique}
    for checked, statement in release.statements():
        for dropped in statement.all(DropsConstraint):
            if dropped.along or dropped.relation in release.new | replaced or _is_needless(release, dropped):
                continue
            yield release.finding(
                checked,
                statement,
                f"rows that {dropped.name} kept out of {dropped.relation} may come in from here on, and putting it "
                "back means trying every row",
                help="Add what takes its place first; or release code that keeps those rows out.",
                relations=(dropped.relation,),
                severity=Severity.NOTE,
                lasting=(_trying_again(dropped.relation),),
            )


def _trying_again(relation: Relation) -> LockFact:
    return LockFact(relation, RelationKind.TABLE, LockMode.SHARE_UPDATE_EXCLUSIVE, Work.SCAN)


def _is_needless(release: Release, dropped: DropsConstraint) -> bool:
    """A primary key has a rule of its own; a CHECK that said IS NOT NULL is not missed where the columns are."""
    constraint, table = dropped.constraint, release.after.find(dropped.relation)
    if constraint is None or constraint.kind is ConstraintKind.PRIMARY_KEY or not constraint.valid:
        return constraint is not None
    proved = constraint.not_null_columns if constraint.not_null_columns == constraint.columns else ()
    return bool(proved) and table is not None and all(table.proves_not_null(column) for column in proved)
