"""Replays a project's migrations in Django's own state, and takes down the SQL of each, both ways."""

import ast
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from django.conf import settings
from django.db import models
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.operations import RunPython
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState

from migrations_lint.errors import UnreadableMigration
from migrations_lint.files import BYTE_ORDER_MARK
from migrations_lint.formats._django.graph import MigrationFile, user_model
from migrations_lint.formats._django.offline import Editor, OfflineWrapper, learn, registered, set_up
from migrations_lint.formats._python.absent import absent
from migrations_lint.formats._python.places import Places, Span
from migrations_lint.model import Direction, Fragment, Problem, Script, Source
from migrations_lint.outline import has_statements

_MODULE = "gatekeeper_django_migration"
_IN_THE_PROJECT = "`python manage.py sqlmigrate {label} {name}` shows it in the project's own environment."


@dataclass(frozen=True, slots=True)
class Rendered:
    """Both ways of a migration, and what could not be told of them; `refused` where it does not even load."""

    up: Script
    down: Script | None
    problems: tuple[Problem, ...] = ()
    refused: UnreadableMigration | None = None


@dataclass
class _Way:
    """One direction while it is taken down."""

    source: Source
    places: Places
    direction: Direction
    atomic: bool
    span: Span = field(default_factory=lambda: Span(0, 0))
    fragments: list[Fragment] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def take(self, sql: str) -> None:
        plain = self.places.literal(self.span, sql)
        span = plain or self.span
        several = not self.atomic and has_statements(sql, 2)  # one string: PostgreSQL makes a transaction of it
        self.fragments.append(
            Fragment(
                sql, self.source, span.start, span.end,
                verbatim=plain is not None, in_transaction=self.atomic or several, begins_anew=several,
            )
        )  # fmt: skip

    def problem(self, message: str, hint: str) -> None:
        line = self.source.position(self.span.start).line
        self.problems.append(Problem(self.source.path, line, message, hint, self.direction))


class FieldThatIsNotHere(models.Field):
    """Any name of a module that cannot be imported here; as a field it is a column of type text."""

    def __init__(self, path: str = "", *_: Any, **__: Any) -> None:
        super().__init__()
        self.path = path

    def __call__(self, *_: Any, **__: Any) -> Any:
        return FieldThatIsNotHere(self.path)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in {"path", "model", "attname", "column", "remote_field"}:
            raise AttributeError(name)
        return FieldThatIsNotHere(f"{self.__dict__.get('path', '')}.{name}")

    def __mro_entries__(self, _: tuple[Any, ...]) -> tuple[type, ...]:
        return ()

    def deconstruct(self) -> Any:
        """Enough for Django to copy it."""
        return self.name, "FieldThatIsNotHere", [self.path], {}

    def db_type(self, connection: Any) -> str:
        """What stands in for the type that only the project knows."""
        return "text"


def render(root: Path, files: Sequence[MigrationFile], texts: Callable[[Path], str]) -> dict[Path, Rendered]:
    """All migrations in their order, each on the state that those before it have built."""
    set_up()
    settings.AUTH_USER_MODEL = user_model(root)
    connection = OfflineWrapper()
    state = ProjectState()
    rendered: dict[Path, Rendered] = {}
    loaded: list[tuple[MigrationFile, Source, Any] | tuple[MigrationFile, Source, UnreadableMigration]] = []
    for file in files:
        try:
            source = Source(file.path, texts(file.path))
            loaded.append((file, source, _load(root, file, source)))
        except UnreadableMigration as error:
            loaded.append((file, Source(file.path, ""), error))
    _add_models_of_absent_apps(state, [each[2] for each in loaded], {file.label for file in files})
    with registered(connection):
        for file, source, migration in loaded:
            if isinstance(migration, UnreadableMigration):
                rendered[file.path] = Rendered(Script(()), None, (), migration)
            else:
                rendered[file.path], state = _render_one(migration, source, state, connection)
    return rendered


def _render_one(
    migration: Any, source: Source, state: ProjectState, connection: OfflineWrapper
) -> tuple[Rendered, ProjectState]:
    places = Places(source.text, ast.parse(source.text.removeprefix(BYTE_ORDER_MARK)))
    spans = _spans(migration, places, source)
    up, down = (_Way(source, places, way, migration.atomic) for way in Direction)
    steps: list[tuple[Any, Span, ProjectState, ProjectState]] = []
    with Editor(connection, up.take, atomic=migration.atomic) as editor:
        for operation, span in zip(migration.operations, spans, strict=True):
            before = state
            state = state.clone()
            up.span = span
            _forwards(migration, operation, up, editor, (before, state))
            steps.append((operation, span, before, state))
    schema = connection.schema.copy()
    for fragment in up.fragments:
        learn(schema, fragment)
    connection.schema = schema.copy()
    reversible = all(operation.reversible for operation, *_ in steps)
    if reversible:
        with Editor(connection, down.take, atomic=migration.atomic) as editor:
            for operation, span, before, after in reversed(steps):
                down.span = span
                _run(migration, operation, down, lambda: _backwards(migration, operation, editor, after, before))  # noqa: B023
    connection.schema = schema
    problems = (*up.problems, *(down.problems if reversible else ()))
    return Rendered(Script(tuple(up.fragments)), Script(tuple(down.fragments)) if reversible else None, problems), state


def _forwards(
    migration: Any, operation: Any, way: _Way, editor: Editor, states: tuple[ProjectState, ProjectState]
) -> None:
    before, after = states
    try:
        operation.state_forwards(migration.app_label, after)
    except Exception as error:  # noqa: BLE001  whatever an operation raises is told as its Problem
        way.problem(f"cannot be replayed: {type(error).__name__}: {error}", _hint(migration))
        return
    _run(migration, operation, way, lambda: operation.database_forwards(migration.app_label, editor, before, after))


def _backwards(migration: Any, operation: Any, editor: Editor, after: ProjectState, before: ProjectState) -> None:
    operation.database_backwards(migration.app_label, editor, after, before)


def _run(migration: Any, operation: Any, way: _Way, run: Callable[[], None]) -> None:
    if isinstance(operation, RunPython):
        code = operation.code if way.direction is Direction.UP else operation.reverse_code
        if code is not RunPython.noop:
            name = getattr(code, "__name__", "a function")
            way.problem(
                f"runs {name}(), Python code; what it does to rows is not read",
                "Review it by hand, or try it with real rows on a copy; sqlmigrate cannot show it either.",
            )
        return
    try:
        run()
    except IrreversibleError:
        raise
    except Exception as error:  # noqa: BLE001  whatever an operation raises is told as its Problem
        first = (str(error).strip() or "no message").splitlines()[0]
        way.problem(f"Django could not write it as SQL: {type(error).__name__}: {first}", _hint(migration))


def _hint(migration: Any) -> str:
    return _IN_THE_PROJECT.format(label=migration.app_label, name=migration.name)


def _spans(migration: Any, places: Places, source: Source) -> list[Span]:
    """Where each operation stands, if they are written out one by one; else the class."""
    tree = ast.parse(source.text.removeprefix(BYTE_ORDER_MARK))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "operations" for t in node.targets):
            elements = node.value.elts if isinstance(node.value, ast.List) else []
            if len(elements) == len(migration.operations):
                return [places.span(element) for element in elements]
            return [places.span(node)] * len(migration.operations)
    return [Span(0, 0)] * len(migration.operations)


def _load(root: Path, file: MigrationFile, source: Source) -> Any:
    """The migration itself; what it imports and is not there, or belongs to the project, is inert."""
    module = ModuleType(_MODULE)
    module.__file__ = str(file.path)
    try:
        tree = ast.parse(source.text.removeprefix(BYTE_ORDER_MARK), filename=str(file.path))
        code = compile(source.text.removeprefix(BYTE_ORDER_MARK), str(file.path), "exec", dont_inherit=True)
        refused = {name for name in _imported(tree) if _is_own(root, name) or not _can_import(name)}
        tops = {name.partition(".")[0] for name in refused if _is_own(root, name)}
        with absent(str(file.path), FieldThatIsNotHere, lambda name: name in refused or name.partition(".")[0] in tops):
            exec(code, module.__dict__)
        migration = module.__dict__["Migration"](file.path.stem, file.label)
        strange = next((each for each in migration.operations if not isinstance(each, Operation)), migration)
        if strange is not migration:
            raise TypeError(f"{strange!r} stands among its operations and is none")
        return migration
    except (Exception, SystemExit) as error:
        raise UnreadableMigration(
            file.path,
            f"could not be loaded: {type(error).__name__}: {error}",
            hint=_IN_THE_PROJECT.format(label=file.label, name=file.path.stem),
            line=getattr(error, "lineno", None),
        ) from error


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _is_own(root: Path, name: str) -> bool:
    top = name.partition(".")[0]
    return top not in sys.stdlib_module_names and ((root / top).is_dir() or (root / f"{top}.py").is_file())


def _can_import(name: str) -> bool:
    try:
        importlib.import_module(name)
    except Exception:  # noqa: BLE001  an app that is not set up raises what it likes
        return False
    return True


def _add_models_of_absent_apps(state: ProjectState, migrations: Sequence[Any], known: set[str]) -> None:
    """Tables of apps whose migrations are not here, as far as others refer to them: an id and nothing else."""
    for migration in migrations:
        for operation in getattr(migration, "operations", ()):
            fields = [each for _, each in getattr(operation, "fields", ())] + [getattr(operation, "field", None)]
            for target in (getattr(getattr(each, "remote_field", None), "model", None) for each in fields):
                label, _, name = target.partition(".") if isinstance(target, str) else ("", "", "")
                if name and label not in known and (label, name.lower()) not in state.models:
                    state.add_model(ModelState(label, name, [("id", models.AutoField(primary_key=True))]))
