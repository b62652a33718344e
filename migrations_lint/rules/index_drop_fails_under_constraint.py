"""DROP INDEX of the index behind a PRIMARY KEY, UNIQUE or EXCLUDE constraint, which PostgreSQL refuses."""

from collections.abc import Iterator

from migrations_lint.dialect import quoted, spelled
from migrations_lint.model import ConstraintKind, DropsIndex, Finding
from migrations_lint.moment import Moment
from migrations_lint.rules import rule

_INDEXED = frozenset({ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE, ConstraintKind.EXCLUDE})


@rule
def index_drop_fails_under_constraint(moment: Moment) -> Iterator[Finding]:
    """CASCADE does not help: the constraint owns its index, not the other way about."""
    for dropped in moment.all(DropsIndex):
        table = moment.before.find(dropped.relation) if dropped.relation else None
        constraint = table.constraints.get(dropped.index.name) if table else None
        if table is None or constraint is None or constraint.kind not in _INDEXED:
            continue
        sql = f"ALTER TABLE {spelled(table.relation)} DROP CONSTRAINT {quoted(constraint.name)}"
        yield moment.finding(
            f"PostgreSQL refuses to drop {dropped.index}: constraint {constraint.name} of {table.relation} requires it",
            help=f"Drop the constraint, and the index goes with it: {moment.dialect.statement(sql)}. It keeps rows out "
            "that nothing else will keep out then.",
            relations=(table.relation,),
        )
