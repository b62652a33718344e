"""Takes down what a running revision would send to the server, and from which statement of its file."""

import sys
import traceback
from types import FrameType, TracebackType

from migrations_lint.formats._alembic.stand_ins import MARK
from migrations_lint.formats._python.places import Places, Span
from migrations_lint.model import Direction, Fragment, Problem, Source


class Recorder:
    """One way of one revision while it runs."""

    def __init__(self, source: Source, places: Places, direction: Direction) -> None:
        self.fragments: list[Fragment] = []
        self.problems: list[Problem] = []
        self.in_transaction = True
        self._source, self._places, self._direction = source, places, direction

    def take(self, sql: str) -> None:
        """A statement, or several in one string, goes to the server."""
        span = self._here()
        plain = self._places.literal(span, sql)
        if plain is not None:
            self._keep(sql, plain, verbatim=True)
            return
        if MARK in sql:
            self.problem(
                "a value of a module that is not installed here became part of the SQL",
                "Run gatekeeper in the environment of the application, where the module can be imported.",
            )
        self._keep(sql, span, verbatim=False)

    def problem(self, message: str, hint: str, line: int | None = None) -> None:
        """Something here is not as it would be on a real server; said once a line."""
        line = line or self._source.position(self._here().start).line
        problem = Problem(self._source.path, line, message, hint, self._direction)
        if problem not in self.problems:
            self.problems.append(problem)

    def failed(self, error: BaseException) -> None:
        """The revision's own code has raised."""
        first = (str(error).strip() or "no message").splitlines()[0]
        self.problem(
            f"stopped with {type(error).__name__}: {first}",
            "What comes after this line was not read. `gatekeeper verify` runs the migration on a real server.",
            self.line_of(error.__traceback__),
        )

    def line_of(self, raised: TracebackType | None) -> int:
        """The last line of the revision that an error went through."""
        lines = [line for frame, line in traceback.walk_tb(raised) if self._is_ours(frame)]
        return lines[-1] if lines else 1

    def _keep(self, sql: str, span: Span, *, verbatim: bool) -> None:
        self.fragments.append(
            Fragment(sql, self._source, span.start, span.end, verbatim=verbatim, in_transaction=self.in_transaction)
        )

    def _here(self) -> Span:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if self._is_ours(frame):
                return self._places.running(frame)
            frame = frame.f_back
        return Span(0, 0)

    def _is_ours(self, frame: FrameType) -> bool:
        return frame.f_code.co_filename == str(self._source.path)
