"""A revision of SQL, as `alembic revision` would lay it out."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from migrations_lint.formats._alembic.fixing import literal
from migrations_lint.numbering import number_after
from migrations_lint.outline import Piece, outline

_ID_LENGTH = 12
_NUMBERED = re.compile(r"[0-9]+")
_SAYS = re.compile(r"-- (?!gatekeeper:)")
_INDENT = "    "


def next_id(known: str, title: str, after: str) -> str:
    """The next number where revisions are numbered, else twelve digits as Alembic has them, from what comes before."""
    if _NUMBERED.fullmatch(known):
        return str(number_after(known, None))
    return hashlib.sha256(f"{known}\0{after}\0{title}".encode()).hexdigest()[:_ID_LENGTH]


def path_of(beside: Path, known: str, new: str, title: str) -> Path:
    """Named like the file beside it, with its own revision and title."""
    head, found, _ = beside.stem.partition(known)
    return beside.with_name(f"{head if found else ''}{new}_{title}.py")


def revision_text(new: str, after: str, title: str, up: str, down: str | None) -> str:
    """The whole file; each statement is one call of `op.execute`, what comments say stands in the docstring."""
    words = title.replace("_", " ")
    revises = f'"{after}"' if after else "None"
    said = "".join(f"{line.removeprefix('-- ')}\n" for line in up.splitlines() if _SAYS.match(line))
    said = f"\n{said}" if said else ""
    return (
        f'"""{words[:1].upper()}{words[1:]}\n{said}\nRevision ID: {new}\nRevises: {after}\n"""\n\n'
        f'from alembic import op\n\nrevision = "{new}"\ndown_revision = {revises}\nbranch_labels = None\n'
        f"depends_on = None\n\n\n"
        f"def upgrade() -> None:\n{''.join(_body(up))}\n\n"
        f"def downgrade() -> None:\n{''.join(_body(down or ''))}"
    )


def _body(sql: str) -> Iterator[str]:
    pieces = outline(sql)
    if not pieces:
        yield f"{_INDENT}pass\n"
    at = 0
    for piece in pieces:
        mark = _mark(sql[at : piece.start])
        call = f"op.execute({literal(mark + piece.sql)})\n"
        if _commits(piece, mark):
            yield f"{_INDENT}with op.get_context().autocommit_block():\n{_INDENT * 2}{call}"
        else:
            yield f"{_INDENT}{call}"
        at = piece.end


def _mark(between: str) -> str:
    """The comment that stands right above a statement and speaks to us."""
    lines = [line for line in between.splitlines() if line.startswith("-- gatekeeper:")]
    return f"{lines[-1]}\n" if lines else ""


def _commits(piece: Piece, mark: str) -> bool:
    """An `env.py` may run all revisions in one transaction; these must not wait for its end, nor keep locks so long."""
    return bool(mark) or piece.stands_alone or "VALIDATE" in piece.words
