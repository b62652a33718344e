"""The application's own code, as text, and the places in it that name something of the schema."""

from dataclasses import dataclass
from enum import Enum
from pathlib import PurePath

from migrations_lint.model.relation import Relation


@dataclass(frozen=True, slots=True)
class CodeFile:
    """A file of the application; `path` is relative to its repository."""

    path: PurePath
    text: str


@dataclass(frozen=True, slots=True)
class Gone:
    """A relation, or one of its columns, that a migration takes away or gives another name."""

    relation: Relation
    column: str | None = None

    def __str__(self) -> str:
        return str(self.relation) if self.column is None else f"{self.relation}.{self.column}"


class NamedBy(Enum):
    """What names it there, from what cannot mean anything else to what may well."""

    MODEL = "a model"
    SQL = "SQL"
    ATTRIBUTE = "an attribute of its model"
    SQL_IN_PART = "SQL that cannot be read whole"
    WORD = "a word that may mean something else"

    @property
    def is_sure(self) -> bool:
        """Whether it means this table or column and no other."""
        return self in {NamedBy.MODEL, NamedBy.SQL, NamedBy.ATTRIBUTE}


@dataclass(frozen=True, slots=True)
class Mention:
    """A line of the application that names something; from 1."""

    path: PurePath
    line: int
    by: NamedBy
