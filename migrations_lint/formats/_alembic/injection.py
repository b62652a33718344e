"""Where timeouts go in a revision: `op.execute` calls, spelled for the transaction that they are in."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from migrations_lint.formats._python.places import Places
from migrations_lint.model import Direction, Edit, Fragment, Migration, Script, Source
from migrations_lint.outline import outline
from migrations_lint.timeouts import Timeouts, is_due, line_end, sets_in_force

_ALONE = (False, True)  # what `_kind` says of a concurrent build in an autocommit block
_WAYS = {Direction.UP: "upgrade", Direction.DOWN: "downgrade"}


def timeout_edits(migration: Migration, source: Source, tree: ast.Module, timeouts: Timeouts) -> Iterator[Edit]:
    """Edits for both ways; none where `op` is not imported by name, for then there is no way to write one."""
    name = name_of_op(tree)
    ways = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for direction, script in migration.scripts():
        if name is not None and (way := ways.get(_WAYS[direction])):
            unclear = any(problem.direction is direction for problem in migration.problems)
            yield from _Way(source, Places(source.text, tree), way, name, timeouts).edits(script, unclear=unclear)


@dataclass(frozen=True)
class _Way:
    source: Source
    places: Places
    function: ast.FunctionDef
    op: str
    timeouts: Timeouts

    def edits(self, script: Script, *, unclear: bool) -> Iterator[Edit]:
        """`unclear`: not everything could be rendered, so what comes later may well need the timeout."""
        in_session = is_limited = False
        last: Fragment | None = None
        for run in [list(run) for _, run in groupby(script.fragments, key=_kind)] or [[]]:
            pieces = [piece for fragment in run for piece in outline(fragment.sql)]
            if not in_session and is_due(pieces):
                yield from self._transaction(run, last) if run[0].in_transaction else self._outside(run)
            elif run and _kind(run[0]) == _ALONE and not is_limited and self.timeouts.limit is not None:
                yield from self._alone(run)
            elif unclear and last is None and not self._is_settled(run):
                yield self._before(self._first_statement(), self.timeouts.local())
            in_session = sets_in_force(pieces, "LOCK_TIMEOUT", before=in_session)
            is_limited = sets_in_force(pieces, "STATEMENT_TIMEOUT", before=is_limited)
            last = run[-1] if run else None

    def _is_settled(self, run: Sequence[Fragment]) -> bool:
        """Whether a SET LOCAL at the head would change nothing: it is there, or an autocommit block ends it at once."""
        pieces = [piece for fragment in run for piece in outline(fragment.sql)]
        return any(piece.sets_lock_timeout for piece in pieces) or any(not one.in_transaction for one in run[:1])

    def _transaction(self, run: Sequence[Fragment], last: Fragment | None) -> Iterator[Edit]:
        """At the head of the way, or of what follows an autocommit block; `last` is where the latter ends."""
        statement = self._first_statement() if last is None else self._next_statement(run[0], last)
        if statement is not None:
            yield self._before(statement, self.timeouts.local(long=is_long(run[0])))
            yield from self._switches(run)

    def _switches(self, run: Sequence[Fragment]) -> Iterator[Edit]:
        """Where a long statement begins or ends; not in what another function or a loop sends."""
        if self.timeouts.limit is None:
            return
        for before, fragment in pairwise(run):
            if is_long(before) is not is_long(fragment) and self._holds(fragment):
                statement = self._member(self.function.body, fragment)
                if isinstance(statement, ast.Expr):
                    yield self._before(statement, self.timeouts.switched(long=is_long(fragment), local=True))

    def _outside(self, run: Sequence[Fragment]) -> Iterator[Edit]:
        if self._holds(run[0]) and self._holds(run[-1]):
            first, last = self._statements_around(run)
            yield self._before(first, self.timeouts.session())
            yield self._after(last, self.timeouts.reset())

    def _alone(self, run: Sequence[Fragment]) -> Iterator[Edit]:
        if self._holds(run[0]) and self._holds(run[-1]):
            first, last = self._statements_around(run)
            yield self._before(first, self.timeouts.alone())
            yield self._after(last, self.timeouts.after_alone())

    def _next_statement(self, fragment: Fragment, last: Fragment) -> ast.stmt | None:
        """The statement of the body that begins a new transaction; None where it began inside another one."""
        if not self._holds(last):
            return None
        body = self.function.body
        ended = body.index(self._member(body, last))
        started = body.index(self._member(body, fragment)) if self._holds(fragment) else ended + 1
        return body[started] if ended < started < len(body) else None

    def _holds(self, fragment: Fragment) -> bool:
        """Whether the SQL comes from this function itself, not from one that it calls."""
        span = self.places.span(self.function)
        return span.start <= fragment.start and fragment.end <= span.end

    def _first_statement(self) -> ast.stmt:
        first, *others = self.function.body
        return others[0] if others and ast.get_docstring(self.function) is not None else first

    def _statements_around(self, run: Sequence[Fragment]) -> tuple[ast.stmt, ast.stmt]:
        """The first and the last statement that run these fragments, beside each other in one block.

        Of compound statements only `with` is looked into: what stands in a loop runs more than once.
        """
        block = self.function.body
        while True:
            first, last = self._member(block, run[0]), self._member(block, run[-1])
            if first is not last or not isinstance(first, ast.With):
                return first, last
            block = first.body

    def _member(self, block: Sequence[ast.stmt], fragment: Fragment) -> ast.stmt:
        return next(each for each in block if fragment.start < self.places.span(each).end)

    def _before(self, statement: ast.stmt, sql: Sequence[str]) -> Edit:
        at = self.places.span(statement).start
        indent = self._indent(at)
        after = "; " if indent is None else line_end(self.source.text) + indent
        return Edit(self.source.path, at, at, "".join(f"{call}{after}" for call in self._calls(sql)))

    def _after(self, statement: ast.stmt, sql: Sequence[str]) -> Edit:
        span = self.places.span(statement)
        indent = self._indent(span.start)
        before = "; " if indent is None else line_end(self.source.text) + indent
        return Edit(self.source.path, span.end, span.end, "".join(f"{before}{call}" for call in self._calls(sql)))

    def _calls(self, sql: Sequence[str]) -> Iterator[str]:
        return (f'{self.op}.execute("{statement}")' for statement in sql)

    def _indent(self, at: int) -> str | None:
        """The space in front of a statement that begins its line."""
        text = self.source.text
        line = text[max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1 : at]
        return line if not line.strip() else None


def _kind(fragment: Fragment) -> tuple[bool, bool]:
    """Runs end where a transaction does, and around what must stand alone outside of one."""
    alone = any(piece.stands_alone for piece in outline(fragment.sql))
    return fragment.in_transaction, alone and not fragment.in_transaction


def is_long(fragment: Fragment) -> bool:
    """Whether it may go on for long without making others wait."""
    pieces = outline(fragment.sql)
    return bool(pieces) and all(piece.works_beside_traffic for piece in pieces)


def name_of_op(tree: ast.Module) -> str | None:
    """What the revision calls `alembic.op`; None where it does not import it by name."""
    names = (
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "alembic"
        for alias in node.names
        if alias.name == "op"
    )
    return next(names, None)
