"""What statements are about: relations by their full names, and the kinds that PostgreSQL tells apart."""

from dataclasses import dataclass
from enum import Enum


class RelationKind(Enum):
    """What `pg_class.relkind` calls it, in words; indexes carry no facts of their own."""

    TABLE = "table"
    PARTITIONED_TABLE = "partitioned table"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"
    SEQUENCE = "sequence"
    FOREIGN_TABLE = "foreign table"
    INDEX = "index"


@dataclass(frozen=True, slots=True, order=True)
class Relation:
    """A schema-qualified name, unquoted, as the catalog stores it."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"
