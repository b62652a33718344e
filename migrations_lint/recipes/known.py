"""What recipes ask of the history: kinds of tables, names that are free."""

from migrations_lint.model import Certainty, LockFact, Relation, RelationKind
from migrations_lint.moment import Moment

LONGEST_NAME = 63  # bytes: NAMEDATALEN - 1


def is_partitioned(moment: Moment, relation: Relation) -> bool:
    """Whether it is known to be partitioned."""
    return moment.kind_of(relation) is RelationKind.PARTITIONED_TABLE


def is_free(moment: Moment, relation: Relation, name: str) -> bool:
    """Whether a constraint may be called so: the name is not taken, and PostgreSQL does not cut it off."""
    table = moment.before.find(relation)
    taken = table is not None and name in table.constraints
    return not taken and len(name.encode()) <= LONGEST_NAME


def if_unknown(moment: Moment, relation: Relation, what: str) -> str | None:
    """Why a fix that PostgreSQL refuses on a partitioned table is unsafe on one of which the history says nothing."""
    unsure = [
        lock for lock in moment.all(LockFact) if lock.relation == relation and lock.certainty is Certainty.ASSUMED
    ]
    if moment.before.find(relation) is not None or not unsure:
        return None
    return f"the history does not say what {relation} is, and PostgreSQL refuses {what} on a partitioned table"
