"""The statement that a fix is about, and its steps written where it stands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from migrations_lint.edits import trimmed
from migrations_lint.fixing.layout import Placed, placed, same, sets_timeout
from migrations_lint.fixing.texts import Written, reread, text_of, texts_after, way_back, without
from migrations_lint.formats import MigrationFormat
from migrations_lint.model import Direction, Edit, Fix, Fragment, Migration, Place, Script, Source, Step
from migrations_lint.outline import Piece, outline
from migrations_lint.parse import parse
from migrations_lint.timeouts import line_end


def target_of(migration: Migration, fix: Fix) -> "Target | None":
    """The statement that the fix is about; None where its text does not stand in the file as it is sent."""
    script = dict(migration.scripts()).get(fix.direction)
    for fragment in script.fragments if script else ():
        for piece in outline(fragment.sql) if fragment.verbatim else ():
            if fragment.in_file(piece.start) == fix.start and script is not None:
                return Target(migration, fix, script, fragment, piece)
    return None


@dataclass(frozen=True)
class Target:
    """A statement, the piece of its script that it is, and the fix for it."""

    migration: Migration
    fix: Fix
    script: Script
    fragment: Fragment
    piece: Piece

    @property
    def path(self) -> Path:
        """The file that it stands in."""
        return self.fragment.source.path

    @property
    def end_of_line(self) -> str:
        """How lines end in that file."""
        return line_end(self.fragment.source.text)

    def in_place(self, steps: Sequence[Step], plug_in: MigrationFormat) -> Written | None:
        """Every step where the statement stands, if the file's transactions are then those that the steps need."""
        edits = [self._replacement(steps)]
        lifts = steps[0].place is Place.ALONE and self._is_in_transaction()
        if lifts and len(steps) > 1:
            return None  # a file without a transaction that fails half way cannot be run again
        texts = texts_after(
            self.migration, [*edits, *(self._of_the_transaction() if lifts else self._of_no_use(steps))]
        )
        after = reread(self.migration, texts, plug_in)
        if lifts and not self._holds(after, steps):
            fragment = next((f for f in _script(after, self.fix.direction) if steps[0].sql in f.sql), None)
            lifted = plug_in.outside_transaction(after, fragment) if fragment is not None else None
            if lifted is None:
                return None
            texts |= texts_after(after, lifted)
            after = reread(self.migration, texts, plug_in)
        if not self._holds(after, steps) or not self._other_way_holds(after):
            return None
        if len(steps) > 1 and all(step.place is Place.HERE and step.undo is not None for step in steps):
            texts |= texts_after(after, way_back(after, self.fix, steps, self.end_of_line))
        changes = [(path, text_of(self.migration, path), text) for path, text in texts.items()]
        return Written(tuple(trimmed(Edit(path, 0, len(old), new), old) for path, old, new in changes))

    def removed(self) -> Edit:
        """The statement taken out, with its semicolon and the rest of its line where that is empty."""
        return without(self.fragment, self.piece)

    def others(self) -> list[Placed]:
        """The statements beside it, timeouts aside."""
        return [each for each in _apart_from_timeouts(self.script) if each.piece != self.piece]

    def _is_in_transaction(self) -> bool:
        return any(each.transaction is not None for each in placed(self.script) if each.piece == self.piece)

    def _replacement(self, steps: Sequence[Step]) -> Edit:
        text, start = self.fragment.source.text, self.fragment.in_file(self.piece.start)
        line = text[max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1 : start]
        joint = f";{self.end_of_line}{line if line.isspace() else ''}"
        new = joint.join(step.sql for step in steps)
        return trimmed(Edit(self.path, start, self.fragment.in_file(self.piece.end), new), text)

    def _of_the_transaction(self) -> Iterator[Edit]:
        """Timeouts that only a transaction could hold, and where nothing else is in it, its BEGIN and COMMIT."""
        alone = not self.others()
        for piece in outline(self.fragment.sql):
            if sets_timeout(piece) or (alone and (piece.opens_transaction or piece.ends_transaction)):
                yield without(self.fragment, piece)

    def _of_no_use(self, steps: Sequence[Step]) -> Iterator[Edit]:
        """SET LOCAL of a timeout beside a statement that is outside of any transaction already."""
        if steps[0].place is Place.ALONE:
            for each in placed(Script((self.fragment,))):
                if each.transaction is None and sets_timeout(each.piece) and each.piece.words[:2] == ("SET", "LOCAL"):
                    yield without(self.fragment, each.piece)

    def _holds(self, migration: Migration, steps: Sequence[Step]) -> bool:
        fragments = _script(migration, self.fix.direction)
        after = _apart_from_timeouts(Script(fragments))
        before = self.others()
        at = next((i for i, each in enumerate(after) if same(each.piece.sql, steps[0].sql)), None)
        if at is None or len(after) != len(before) + len(steps):
            return False
        here, rest = after[at : at + len(steps)], after[:at] + after[at + len(steps) :]
        if steps[0].place is Place.HERE and (here[0].transaction is not None) != self._is_in_transaction():
            return False
        last = [after[at - 1] if at else None, *here[:-1]]
        if not _kept(before, rest) or not all(map(_is_right, steps, here, last)):
            return False
        # The statements beside the steps are as they were, so that they need not be parsed again for each fix.
        written = (*(fragment.sql for fragment in self.script.fragments), *(step.sql for step in steps))
        return all(map(_parses, written))

    def _other_way_holds(self, migration: Migration) -> bool:
        """Some tools know one word for both ways; it may not take the transaction from several statements."""
        other = Direction.DOWN if self.fix.direction is Direction.UP else Direction.UP
        before, after = (_apart_from_timeouts(Script(_script(each, other))) for each in (self.migration, migration))
        return len(after) < 2 or _kept(before, after)


@lru_cache(maxsize=16)
def _parses(sql: str) -> bool:
    return not parse(Fragment(sql, Source(Path(), sql), 0, len(sql))).errors


def _script(migration: Migration, direction: Direction) -> tuple[Fragment, ...]:
    script = dict(migration.scripts()).get(direction)
    return script.fragments if script is not None else ()


def _apart_from_timeouts(script: Script) -> list[Placed]:
    return [each for each in placed(script) if not sets_timeout(each.piece)]


def _kept(before: Sequence[Placed], after: Sequence[Placed]) -> bool:
    return [each.transaction is None for each in before] == [each.transaction is None for each in after]


def _is_right(step: Step, here: Placed, last: Placed | None) -> bool:
    if not same(here.piece.sql, step.sql):
        return False
    if step.place is Place.ALONE:
        return here.transaction is None
    if step.place is Place.LATER and last is not None:
        return here.transaction is None or here.transaction != last.transaction
    return True
