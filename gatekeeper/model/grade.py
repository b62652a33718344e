"""How much it matters that an object is not what it was, by its kind; and what a team has said it tolerates."""

from enum import Enum


class Grade(Enum):
    """What a difference in the schema may bring about."""

    BREAKING = "breaking"
    SECURITY = "security"
    PERFORMANCE = "performance"
    COSMETIC = "cosmetic"


COLUMN_ORDER = "column order"

GRADES = {
    "access method": Grade.BREAKING,
    "aggregate": Grade.BREAKING,
    "base type": Grade.BREAKING,
    "cast": Grade.BREAKING,
    "clustering": Grade.PERFORMANCE,
    "collation": Grade.BREAKING,
    "column": Grade.BREAKING,
    COLUMN_ORDER: Grade.COSMETIC,
    "column storage": Grade.PERFORMANCE,
    "comment": Grade.COSMETIC,
    "composite type": Grade.BREAKING,
    "constraint": Grade.BREAKING,
    "constraint triggers": Grade.BREAKING,
    "conversion": Grade.BREAKING,
    "default grants": Grade.SECURITY,
    "domain": Grade.BREAKING,
    "enum": Grade.BREAKING,
    "event trigger": Grade.BREAKING,
    "extension": Grade.BREAKING,
    "foreign data wrapper": Grade.BREAKING,
    "foreign server": Grade.BREAKING,
    "foreign table": Grade.BREAKING,
    "function": Grade.BREAKING,
    "grants": Grade.SECURITY,
    "index": Grade.PERFORMANCE,
    "language": Grade.BREAKING,
    "materialized view": Grade.BREAKING,
    "not null constraint": Grade.BREAKING,
    "operator": Grade.BREAKING,
    "operator class": Grade.BREAKING,
    "operator family": Grade.BREAKING,
    "owner": Grade.SECURITY,
    "partitioned table": Grade.BREAKING,
    "policy": Grade.SECURITY,
    "procedure": Grade.BREAKING,
    "publication": Grade.BREAKING,
    "published schema": Grade.BREAKING,
    "published table": Grade.BREAKING,
    "range type": Grade.BREAKING,
    "replica identity": Grade.BREAKING,
    "row level security": Grade.SECURITY,
    "rule": Grade.BREAKING,
    "schema": Grade.BREAKING,
    "security label": Grade.SECURITY,
    "sequence": Grade.BREAKING,
    "setting": Grade.BREAKING,
    "statistics": Grade.PERFORMANCE,
    "statistics target": Grade.PERFORMANCE,
    "storage parameters": Grade.PERFORMANCE,
    "subscription": Grade.BREAKING,
    "table": Grade.BREAKING,
    "text search configuration": Grade.BREAKING,
    "text search dictionary": Grade.BREAKING,
    "text search parser": Grade.BREAKING,
    "text search template": Grade.BREAKING,
    "transform": Grade.BREAKING,
    "trigger": Grade.BREAKING,
    "user mapping": Grade.SECURITY,
    "view": Grade.BREAKING,
    "view options": Grade.SECURITY,
}
"""Each kind of object of a catalog. An index that is unique or was not built to its end is breaking all the same."""

TOLERABLE = frozenset({*GRADES, *(grade.value for grade in Grade)})
"""What `tolerate` may name: kinds of objects, or whole grades."""
