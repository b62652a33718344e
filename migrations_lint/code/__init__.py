"""The application's code against the schema: where it still names what a migration takes away.

Decides over texts that are given; `gatekeeper.application_code` reads them. Models and SQL tell for sure; a word in a
file that also speaks of the table is the last resort, and said to be one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath

from migrations_lint.code import spellings
from migrations_lint.code.prisma_schema import prisma_models
from migrations_lint.code.sqlalchemy_models import Model, family, may_hold_models, models
from migrations_lint.code.strings import Literal, as_sql, literals, may_hold_sql
from migrations_lint.model import (
    CodeFile,
    DropsColumn,
    DropsRelation,
    Fact,
    Gone,
    Mention,
    NamedBy,
    RelationKind,
    RenamesColumn,
    RenamesRelation,
)
from migrations_lint.parse.names import names_in

_SILENT = ("#", "//", "*", "/*", "import ", "from ")
TAKING_AWAY = (DropsColumn, RenamesColumn, DropsRelation, RenamesRelation)
"""The kinds of facts that `gone_in` finds something in."""

_NOT_NAMED = frozenset({RelationKind.INDEX, RelationKind.SEQUENCE})


def gone_in(facts: Iterable[Fact]) -> Iterator[Gone]:
    """What a statement takes away, under the name that code may know it by."""
    for fact in facts:
        match fact:
            case DropsColumn(relation=relation, column=column) | RenamesColumn(relation=relation, column=column):
                yield Gone(relation, column)
            case DropsRelation(relation=relation, kind=kind) | RenamesRelation(relation=relation, kind=kind):
                if kind not in _NOT_NAMED:
                    yield Gone(relation)


@dataclass(frozen=True)
class Wanted:
    """The names that go, and which files are worth reading for them."""

    gone: tuple[Gone, ...]

    def is_worth_reading(self, text: str) -> bool:
        """Whether the text speaks of a table that goes, of a column and its table, or may be a part of the model."""
        return any(_speaks_of(one, text) or _may_declare(one, text) for one in self.gone)


def _speaks_of(gone: Gone, text: str) -> bool:
    is_column_there = gone.column is None or spellings.pattern_of_column(gone.column).search(text) is not None
    return is_column_there and spellings.pattern_of_table(gone.relation.name).search(text) is not None


def _may_declare(gone: Gone, text: str) -> bool:
    """The class that maps the table may get the column from another one, in a file that does not name the table."""
    has_a_part = gone.column is not None and (gone.column in text or gone.relation.name in text)
    return has_a_part and may_hold_models(text)


class Code:
    """The files of the application, asked about one name after the other; `released` are those that run now."""

    def __init__(self, files: Sequence[CodeFile] = (), released: Sequence[CodeFile] | None = None) -> None:
        self.released = Code(released) if released is not None else None
        self._files = tuple(files)
        self._literals: dict[PurePath, tuple[Literal, ...]] = {}

    def mentions(self, gone: Gone) -> tuple[Mention, ...]:
        """The lines that name it, the surest first; each line once."""
        if not self._files:
            return ()
        near = [file for file in self._files if _speaks_of(gone, file.text)]
        found: dict[tuple[PurePath, int], Mention] = {}
        for mention in (
            *self._in_models(gone),
            *_in_prisma(gone, near),
            *self._in_strings(gone, near),
            *_as_words(gone, near),
        ):
            found.setdefault((mention.path, mention.line), mention)
        order = list(NamedBy)
        return tuple(sorted(found.values(), key=lambda one: (order.index(one.by), str(one.path), one.line)))

    @cached_property
    def _models(self) -> Mapping[str, Sequence[Model]]:
        known: dict[str, list[Model]] = {}
        for file in self._files:
            for model in models(file) if file.path.suffix == ".py" else ():
                known.setdefault(model.name, []).append(model)
        return known

    def _in_models(self, gone: Gone) -> Iterator[Mention]:
        mapped = [m for same in self._models.values() for m in same if m.table == gone.relation.name]
        if gone.column is None:
            yield from (Mention(model.file.path, model.line, NamedBy.MODEL) for model in mapped)
            return
        attributes: set[str] = set()
        for model in mapped:
            for one in family(model, self._models):
                if gone.column in one.columns:
                    yield Mention(one.file.path, one.columns[gone.column], NamedBy.MODEL)
                    names = [name for name, column in one.attributes.items() if column == gone.column]
                    attributes |= {f"{model.name}.{name}" for name in names}
        if attributes:
            pattern = spellings.any_of(attributes)
            for file in self._files:
                if file.path.suffix == ".py":
                    yield from (Mention(file.path, line, NamedBy.ATTRIBUTE) for line in _lines(file.text, pattern))

    def _in_strings(self, gone: Gone, near: Sequence[CodeFile]) -> Iterator[Mention]:
        sought = spellings.any_of({gone.column or gone.relation.name})
        for file in near:
            if (
                file.path.suffix == ".prisma"
                or gone.relation.name not in file.text
                or not may_hold_sql(file.path, file.text)
            ):
                continue
            for literal in self._literals_of(file):
                at = sought.search(literal.text)
                if at is None or gone.relation.name not in literal.text:
                    continue
                candidates = (literal.text,) if file.path.suffix == ".sql" else as_sql(literal)
                by = _named_by(candidates, gone) if candidates else None
                if by is not None:
                    yield Mention(file.path, literal.line + literal.text.count("\n", 0, at.start()), by)

    def _literals_of(self, file: CodeFile) -> tuple[Literal, ...]:
        if file.path not in self._literals:
            self._literals[file.path] = tuple(literals(file.path, file.text))
        return self._literals[file.path]


def _in_prisma(gone: Gone, near: Sequence[CodeFile]) -> Iterator[Mention]:
    for file in near:
        for model in prisma_models(file.text) if file.path.suffix == ".prisma" else ():
            if model.table != gone.relation.name:
                continue
            if gone.column is None:
                yield Mention(file.path, model.line, NamedBy.MODEL)
            elif gone.column in model.columns:
                yield Mention(file.path, model.columns[gone.column], NamedBy.MODEL)


def _as_words(gone: Gone, near: Sequence[CodeFile]) -> Iterator[Mention]:
    """A property, key or name that is spelled like the column, in a file that speaks of the table."""
    if gone.column is None:
        return
    pattern = spellings.pattern_of_column(gone.column)
    for file in near:
        if file.path.suffix not in {".prisma", ".sql"}:
            yield from (Mention(file.path, line, NamedBy.WORD) for line in _lines(file.text, pattern))


def _lines(text: str, pattern: re.Pattern[str]) -> Iterator[int]:
    """The lines, from 1, on which the pattern stands, comments and imports left out; each once."""
    line, at = 1, 0
    for match in pattern.finditer(text):
        if match.start() < at:
            continue
        line += text.count("\n", at, match.start())
        start = text.rfind("\n", 0, match.start()) + 1
        at = text.find("\n", match.start())
        if not text[start : match.start()].lstrip().startswith(_SILENT):
            yield line
        if at < 0:
            return


def _named_by(candidates: Sequence[str], gone: Gone) -> NamedBy | None:
    """Whether SQL names it; the first candidate that parses decides."""
    for sql in candidates:
        names = names_in(sql)
        if names is None:
            continue
        if gone.column is None:
            return NamedBy.SQL if gone.relation.name in names.tables.values() else None
        said = names.names_column(gone.relation.name, gone.column)
        return NamedBy.SQL if said else NamedBy.SQL_IN_PART if said is None else None
    return NamedBy.SQL_IN_PART
