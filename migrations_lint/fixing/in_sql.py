"""Writes the steps of a fix into files of plain SQL: in place where the transactions allow it, else in what follows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from migrations_lint.edits import edited, trimmed
from migrations_lint.errors import UnreadableMigration
from migrations_lint.files import is_file, read_text, unsaved
from migrations_lint.fixing.layout import Placed, placed, same, sets_timeout
from migrations_lint.formats import AddsMigrations, MigrationFormat
from migrations_lint.model import Direction, Edit, Fix, Fragment, Migration, Place, Script, Step
from migrations_lint.outline import Piece, outline
from migrations_lint.parse import parse, tokens
from migrations_lint.timeouts import line_end

# What may be there or not in two spellings of one statement, when a way back is looked for the one that undoes another.
_OPTIONAL = frozenset({"IF", "EXISTS", "CONCURRENTLY", "ONLY", "CASCADE", "RESTRICT", "COLUMN"})


@dataclass(frozen=True, slots=True)
class Written:
    """What a fix writes: edits of files that are there, and files of migrations that follow, in their order."""

    edits: tuple[Edit, ...]
    new: tuple[Mapping[Path, str], ...] = ()


def in_sql(
    migration: Migration, last: Migration, before: Migration | None, fix: Fix, plug_in: MigrationFormat
) -> Written | None:
    """The first way of writing it that keeps every other statement in the transaction it is in; None if there is none.

    What becomes a migration of its own runs after `last`, which is this one or the last that was made for it, and
    before `before`, the next of the history. Tried in turn: all steps in place; the first ones in place and the others
    in migrations that follow; all in migrations that follow.
    """
    target = _target(migration, fix)
    if target is None:
        return None
    groups = _groups(fix.steps)
    ways: list[Callable[[], Written | None]] = [lambda: target.in_place(fix.steps, plug_in)]
    if fix.direction is Direction.UP:
        follow = _Following(target, last, before, plug_in)
        ways += [lambda: follow.first_in_place(groups)] if len(groups) > 1 else []
        ways += [lambda: follow.all_moved(groups)] if fix.steps[0].place is not Place.HERE else []
    return next((written for way in ways if (written := way()) is not None), None)


def _groups(steps: Sequence[Step]) -> list[tuple[Step, ...]]:
    """Steps that share a transaction; one that stands alone shares none."""
    groups: list[tuple[Step, ...]] = []
    for step in steps:
        if groups and step.place is Place.HERE and groups[-1][0].place is not Place.ALONE:
            groups[-1] = (*groups[-1], step)
        else:
            groups.append((step,))
    return groups


def _target(migration: Migration, fix: Fix) -> "_Target | None":
    script = dict(migration.scripts()).get(fix.direction)
    for fragment in script.fragments if script else ():
        for piece in outline(fragment.sql) if fragment.verbatim else ():
            if fragment.in_file(piece.start) == fix.start and script is not None:
                return _Target(migration, fix, script, fragment, piece)
    return None


@dataclass(frozen=True)
class _Target:
    migration: Migration
    fix: Fix
    script: Script
    fragment: Fragment
    piece: Piece

    @property
    def path(self) -> Path:
        return self.fragment.source.path

    @property
    def end_of_line(self) -> str:
        return line_end(self.fragment.source.text)

    def in_place(self, steps: Sequence[Step], plug_in: MigrationFormat) -> Written | None:
        """Every step where the statement stands, if the file's transactions are then those that the steps need."""
        edits = [self._replacement(steps)]
        lifts = steps[0].place is Place.ALONE and self._is_in_transaction()
        if lifts and len(steps) > 1:
            return None  # a file without a transaction that fails half way cannot be run again
        texts = _texts(self.migration, [*edits, *(self._of_the_transaction() if lifts else self._of_no_use(steps))])
        after = reread(self.migration, texts, plug_in)
        if lifts and not self._holds(after, steps):
            fragment = next((f for f in _script(after, self.fix.direction) if steps[0].sql in f.sql), None)
            lifted = plug_in.outside_transaction(after, fragment) if fragment is not None else None
            if lifted is None:
                return None
            texts |= _texts(after, lifted)
            after = reread(self.migration, texts, plug_in)
        if not self._holds(after, steps) or not self._other_way_holds(after):
            return None
        if len(steps) > 1 and all(step.place is Place.HERE and step.undo is not None for step in steps):
            texts |= _texts(after, way_back(after, self.fix, steps, self.end_of_line))
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
        return not any(parse(fragment).errors for fragment in fragments)

    def _other_way_holds(self, migration: Migration) -> bool:
        """Some tools know one word for both ways; it may not take the transaction from several statements."""
        other = Direction.DOWN if self.fix.direction is Direction.UP else Direction.UP
        before, after = (_apart_from_timeouts(Script(_script(each, other))) for each in (self.migration, migration))
        return len(after) < 2 or _kept(before, after)


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


@dataclass(frozen=True)
class _Following:
    """Steps in migrations of their own, and what then becomes of the way back."""

    target: _Target
    last: Migration
    before: Migration | None
    plug_in: MigrationFormat

    def first_in_place(self, groups: Sequence[tuple[Step, ...]]) -> Written | None:
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


def way_back(migration: Migration, fix: Fix, kept: Sequence[Step], end_of_line: str) -> tuple[Edit, ...]:
    """The statement of the way back that took everything back takes back the steps that are kept, and no more."""
    for fragment in migration.down.fragments if migration.down and fix.undo else ():
        for piece in outline(fragment.sql) if fragment.verbatim else ():
            if _essence(piece.sql) == _essence(fix.undo or ""):
                undos = [step.undo for step in reversed(kept) if step.undo is not None]
                if not undos:
                    return (without(fragment, piece),)
                start, end = fragment.in_file(piece.start), fragment.in_file(piece.end)
                return (Edit(fragment.source.path, start, end, f";{end_of_line}".join(undos)),)
    return ()


def _essence(sql: str) -> list[str]:
    words = [token.text.strip('"').lower() for token in tokens(sql)]
    words = [word for at, word in enumerate(words) if words[at + 1 : at + 2] != ["."] and word != "."]
    return [word for word in words if word.upper() not in _OPTIONAL]


def without(fragment: Fragment, piece: Piece) -> Edit:
    """A statement taken out, with its semicolon, and its line where nothing else stands on it."""
    text = fragment.source.text
    start = fragment.in_file(piece.start)
    end = fragment.in_file(piece.end if piece.semicolon is None else piece.semicolon + 1)
    line = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    rest = text.find("\n", end) + 1 or len(text)
    if not text[line:start].strip() and not text[end:rest].strip():
        start, end = line, rest
    return Edit(fragment.source.path, start, end, "")


def reread(migration: Migration, texts: Mapping[Path, str], plug_in: MigrationFormat) -> Migration:
    """The migration as it is with these texts; the one that was given where its format then refuses it."""
    with unsaved(texts):
        try:
            return plug_in.read(migration.path, read_text(migration.path))
        except UnreadableMigration:
            return migration


def _texts(migration: Migration, edits: Sequence[Edit]) -> dict[Path, str]:
    paths = dict.fromkeys(edit.path for edit in edits)
    return {path: edited(text_of(migration, path), [e for e in edits if e.path == path]) for path in paths}


def text_of(migration: Migration, path: Path) -> str:
    """A file's text as the migration was read from it; empty where there is no such file yet."""
    for _, script in migration.scripts():
        for fragment in script.fragments:
            if fragment.source.path == path:
                return fragment.source.text
    return read_text(path) if is_file(path) else ""
