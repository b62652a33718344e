"""Steps of a fix in migrations of their own, and what then becomes of the way back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from migrations_lint.files import unsaved
from migrations_lint.fixing.in_place import Target
from migrations_lint.fixing.texts import Written, way_back
from migrations_lint.formats import AddsMigrations, MigrationFormat
from migrations_lint.model import Edit, Migration, Place, Step
from migrations_lint.parse import tokens


@dataclass(frozen=True)
class Following:
    """Steps in migrations of their own, and what then becomes of the way back."""

    target: Target
    last: Migration
    before: Migration | None
    plug_in: MigrationFormat

    def first_in_place(self, groups: Sequence[tuple[Step, ...]]) -> Written | None:
        """The first steps where the statement stands, the others in what follows."""
        if self._loses_its_object():
            return None
        first = self.target.in_place(groups[0], self.plug_in)
        new = self._new(groups[1:]) if first is not None else None
        return None if first is None or new is None else Written(first.edits + self._way_back(groups[0]), new)

    def all_moved(self, groups: Sequence[tuple[Step, ...]]) -> Written | None:
        """Only past statements that do not speak of what this one makes, and not out of a file with nothing else."""
        if not self.target.others() or self._is_needed_later() or self._loses_its_object():
            return None
        new = self._new(groups)
        return None if new is None else Written((self.target.removed(), *self._way_back(())), new)

    def _new(self, groups: Sequence[tuple[Step, ...]]) -> tuple[Mapping[Path, str], ...] | None:
        if not isinstance(self.plug_in, AddsMigrations):
            return None
        made: list[Mapping[Path, str]] = []
        last = self.last
        for group in groups:
            down = None if self.target.migration.down is None else self._script([s.undo for s in reversed(group)])
            alone = group[0].place is Place.ALONE
            files = self.plug_in.following(
                last, self.before, self._script([step.sql for step in group]), down, in_transaction=not alone
            )
            if files is None:
                return None
            made.append(files)
            path = next(iter(files))
            with unsaved(files):
                last = self.plug_in.read(path, files[path])
        return tuple(made)

    def _script(self, statements: Sequence[str | None]) -> str:
        end = self.target.end_of_line
        return "".join(f"{statement};{end}" for statement in statements if statement is not None)

    def _way_back(self, kept: Sequence[Step]) -> tuple[Edit, ...]:
        return way_back(self.target.migration, self.target.fix, kept, self.target.end_of_line)

    def _loses_its_object(self) -> bool:
        """Whether a later statement takes something of the same tables away, or gives it another name."""
        tables = {name.lower() for name in self.target.fix.tables}
        for each in self.target.others():
            words = _words(each.piece.sql) if each.piece.start > self.target.piece.start else frozenset()
            if tables & words and not _TAKES_AWAY.isdisjoint(words):
                return True
        return False

    def _is_needed_later(self) -> bool:
        """Whether a later statement speaks of what this one makes; or an earlier one, which makes room for it."""
        fix, target = self.target.fix, self.target
        made = fix.sql if fix.undo is None or "UNIQUE" in target.piece.words else fix.undo
        for each in self.target.others():
            if each.piece.start > target.piece.start and _names(made) & _names(each.piece.sql):
                return True
            if fix.undo is not None and _last_name(fix.undo) in _names(each.piece.sql):
                return True
        return False


@lru_cache(maxsize=512)  # each of a script's fixes asks about all of its statements
def _words(sql: str) -> frozenset[str]:
    return frozenset(token.text.strip('"').lower() for token in tokens(sql))


def _names(sql: str) -> frozenset[str]:
    return _words(sql) - _NO_NAMES


def _last_name(sql: str) -> str:
    return tokens(sql)[-1].text.strip('"').lower()


_TAKES_AWAY = frozenset({"drop", "rename", "schema", "type"})
_NO_NAMES = frozenset(
    [
        *("alter", "table", "add", "constraint", "check", "drop", "index", "create", "unique", "on", "using", "if"),
        *("exists", "not", "null", "validate", "valid", "foreign", "key", "references", "primary", "column", "set"),
        *("default", "concurrently", "only", "is", "and", "or", "public", "(", ")", ",", ".", ";", "=", "<", ">"),
    ]
)
