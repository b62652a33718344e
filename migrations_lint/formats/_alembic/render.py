"""Runs one revision against no server and gives back the SQL that it would have sent."""

import ast
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from types import ModuleType
from typing import Any

import alembic.op

from migrations_lint.errors import UnreadableMigration
from migrations_lint.files import BYTE_ORDER_MARK
from migrations_lint.formats._alembic.offline import recording
from migrations_lint.formats._alembic.recorder import Recorder
from migrations_lint.formats._alembic.stand_ins import stand_ins
from migrations_lint.formats._python.places import Places
from migrations_lint.model import Direction, Problem, Script, Source

_MODULE = "gatekeeper_alembic_revision"


@dataclass(frozen=True, slots=True)
class Rendered:
    """Both ways of a revision, and what could not be told of them."""

    up: Script
    down: Script | None
    problems: tuple[Problem, ...]


def render(source: Source, tree: ast.Module) -> Rendered:
    """Load the revision and run both its ways; raises UnreadableMigration where it does not even load."""
    places = Places(source.text, tree)
    up = Recorder(source, places, Direction.UP)
    down = Recorder(source, places, Direction.DOWN)
    recorders = [up]

    def report(message: str, hint: str) -> None:
        recorders[-1].problem(message, hint)

    with _quiet(), stand_ins(str(source.path), report):
        module = _load(source, up, _Operations(report))
        if not callable(getattr(module, "upgrade", None)):
            raise UnreadableMigration(
                source.path, "has no upgrade()", hint="Add `def upgrade()`, as `alembic revision` does."
            )
        _run(module.upgrade, up)
        recorders.append(down)
        has_down = callable(getattr(module, "downgrade", None)) and not _refuses(module.downgrade, down, tree)
    return Rendered(
        Script(tuple(up.fragments)),
        Script(tuple(down.fragments)) if has_down else None,
        (*up.problems, *down.problems),
    )


def _load(source: Source, recorder: Recorder, operations: "_Operations") -> ModuleType:
    module = ModuleType(_MODULE)
    module.__file__ = str(source.path)
    sys.modules[_MODULE] = module  # dataclasses look their module up
    try:
        code = compile(source.text.removeprefix(BYTE_ORDER_MARK), str(source.path), "exec", dont_inherit=True)
        exec(code, module.__dict__)
    except (Exception, SystemExit) as error:
        raise UnreadableMigration(
            source.path,
            f"could not be loaded: {type(error).__name__}: {error}",
            hint="Run gatekeeper in the environment of the application, or correct the file.",
            line=recorder.line_of(error.__traceback__),
        ) from error
    finally:
        del sys.modules[_MODULE]
    for name, value in list(vars(module).items()):
        if value is alembic.op:
            setattr(module, name, operations)
    return module


def _run(way: Callable[[], Any], recorder: Recorder) -> BaseException | None:
    with recording(recorder):
        try:
            way()
        except (Exception, SystemExit) as error:  # noqa: BLE001  whatever the revision raises is told as its Problem
            recorder.failed(error)
            return error
    return None


def _refuses(downgrade: Callable[[], Any], recorder: Recorder, tree: ast.Module) -> bool:
    """Whether the way down raises on purpose before it has done anything: then there is none."""
    error = _run(downgrade, recorder)
    if error is None or recorder.fragments:
        return False
    line = recorder.line_of(error.__traceback__)
    raises = {node.lineno for node in ast.walk(tree) if isinstance(node, ast.Raise)}
    if not isinstance(error, NotImplementedError) and line not in raises:
        return False
    recorder.problems.clear()
    return True


class _Operations:
    """`alembic.op`, and for an operation that a missing extension would have added a Problem instead of an error."""

    def __init__(self, report: Callable[[str, str], None]) -> None:
        self._report = report

    def __getattr__(self, name: str) -> Any:
        if hasattr(alembic.op, name):
            return getattr(alembic.op, name)
        self._report(
            f"op.{name} belongs to an extension of Alembic that is not loaded here; it was left out",
            "Run `gatekeeper verify` in the environment of the application to see what it does.",
        )
        return lambda *_, **__: None


@contextmanager
def _quiet() -> Iterator[None]:
    """What the revision prints, warns of or logs is not our answer."""
    level = logging.root.manager.disable
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(redirect_stdout(StringIO()))
        stack.enter_context(redirect_stderr(StringIO()))
        logging.disable(logging.CRITICAL)
        try:
            yield
        finally:
            logging.disable(level)
