"""What a revision file says of itself, read without running it, and the order that follows."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from migrations_lint.errors import UnreadableMigration
from migrations_lint.files import BYTE_ORDER_MARK, natural_key

_IS_REVISION = re.compile(r"^revision\b[^=\n]*=", re.MULTILINE)
_NAMES = ("revision", "down_revision", "branch_labels", "depends_on")


@dataclass(frozen=True, slots=True)
class Revision:
    """The head of a revision file; `depends_on` may also name a label, or only the beginning of an id."""

    path: Path
    id: str
    down_revision: tuple[str, ...]
    depends_on: tuple[str, ...]
    labels: tuple[str, ...]
    title: str

    @property
    def after(self) -> tuple[str, ...]:
        """Everything that has to run before it."""
        return self.down_revision + self.depends_on


def looks_like_revision(text: str) -> bool:
    """Whether a Python file assigns `revision`, as every revision of Alembic does."""
    return _IS_REVISION.search(text) is not None


def parse(path: Path, text: str) -> ast.Module:
    """The file's tree; raises UnreadableMigration where Python refuses it."""
    try:
        return ast.parse(text.removeprefix(BYTE_ORDER_MARK), filename=str(path))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnreadableMigration(
            path,
            f"is not valid Python: {getattr(error, 'msg', error)}",
            hint="Correct the file; Alembic could not load it either.",
            line=getattr(error, "lineno", None),
        ) from error


def revision_of(path: Path, tree: ast.Module) -> Revision:
    """The names that Alembic itself reads from the module; they have to be written out."""
    found: dict[str, tuple[str, ...]] = {}
    for statement in tree.body:
        for name, value in _assignments(statement):
            found[name] = _words(path, name, value)
    if not found.get("revision"):
        raise UnreadableMigration(
            path, "names no revision", hint="Add `revision = …` at the top, as `alembic revision` does."
        )
    return Revision(
        path,
        id=found["revision"][0],
        down_revision=found.get("down_revision", ()),
        depends_on=found.get("depends_on", ()),
        labels=found.get("branch_labels", ()),
        title=(ast.get_docstring(tree) or "").partition("\n")[0].strip(),
    )


def in_order(revisions: Sequence[Revision]) -> list[Revision]:
    """Parents first, and by file name where Alembic leaves the choice open; a circle comes last."""
    waiting = sorted(revisions, key=lambda revision: natural_key(revision.path))
    done: dict[str, None] = {}
    ordered: list[Revision] = []
    while waiting:
        ready = next(
            (each for each in waiting if all(_is_done(each, name, waiting) for name in each.after)), waiting[0]
        )
        waiting.remove(ready)
        ordered.append(ready)
        done[ready.id] = None
    return ordered


def _is_done(revision: Revision, name: str, waiting: Sequence[Revision]) -> bool:
    return not any(other is not revision and is_called(other, name) for other in waiting)


def is_called(revision: Revision, name: str) -> bool:
    """Whether a name in `down_revision` or `depends_on` means this revision."""
    return name == revision.id or name in revision.labels or (len(name) >= 4 and revision.id.startswith(name))


def _assignments(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in _NAMES:
            yield name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name in _NAMES:
            yield name, value


def _words(path: Path, name: str, value: ast.expr) -> tuple[str, ...]:
    try:
        literal = ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        literal = object()
    match literal:
        case None:
            return ()
        case str():
            return (literal,)
        case list() | tuple() | set() if all(isinstance(word, str) for word in literal):
            return tuple(literal)
    raise UnreadableMigration(
        path,
        f"{name} is computed, so the order cannot be told without running the file",
        hint=f"Write {name} out as text, as `alembic revision` does.",
        line=value.lineno,
    )
