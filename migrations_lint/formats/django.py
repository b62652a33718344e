"""Django: a project's `migrations` folders, in the order of their dependencies; Django itself writes the SQL."""

import ast
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from migrations_lint.errors import UnreadableMigration
from migrations_lint.files import BYTE_ORDER_MARK
from migrations_lint.formats import MigrationFormat
from migrations_lint.formats._django import graph
from migrations_lint.formats._django.fixing import concurrent_operation
from migrations_lint.formats._django.project import project_at, project_of
from migrations_lint.formats._python.places import Places
from migrations_lint.model import Edit, Fix, Fragment, Migration, Problem, Script
from migrations_lint.outline import outline
from migrations_lint.timeouts import Timeouts, is_due, line_end


class Django:
    """Neither the settings nor the models of the project are loaded, and nothing is asked of a database."""

    name = "django"

    def is_root(self, folder: Path) -> bool:
        """A project (`manage.py`) with migrations below it, or the `migrations` folder of an app that stands alone."""
        if (folder / "manage.py").is_file():
            return any(graph.migration_folders(folder))
        return folder.name == "migrations" and any(map(graph.is_migration, folder.glob("*.py")))

    def files(self, root: Path) -> Iterator[Path]:
        """As `migrate` would run them, with those of Django's own apps that they stand on."""
        yield from (file.path for file in project_at(root).files)

    def read(self, path: Path, text: str) -> Migration:
        """Both ways as Django would send them to PostgreSQL 15; what could not be told is among the problems."""
        project = project_of(path)
        file = next((each for each in project.files if each.path == path), None)
        if file is None:
            raise UnreadableMigration(path, "is no migration of Django", hint="Define a class Migration in it.")
        if find_spec("django") is None:
            return self._migration(file, project.files, Script(()), None, (_without_django(file),))
        one = project.render(path, text)
        if one.refused is not None:
            raise one.refused
        return self._migration(file, project.files, one.up, one.down, one.problems)

    def with_timeout(self, migration: Migration, timeouts: Timeouts) -> tuple[Edit, ...]:
        """RunSQL as the first operation on the way up and as the last one, which is the first on the way down.

        None for a migration that is not atomic: there each statement is on its own.
        """
        source = next((f.source for _, script in migration.scripts() for f in script.fragments), None)
        if source is None or not migration.up.in_transaction:
            return ()
        operations = _operations(ast.parse(source.text.removeprefix(BYTE_ORDER_MARK)))
        if operations is None or not operations.elts:
            return ()
        places = Places(source.text, ast.parse(source.text.removeprefix(BYTE_ORDER_MARK)))
        first, last = places.span(operations.elts[0]), places.span(operations.elts[-1])
        indent = _indent(source.text, first.start)
        edits = []
        if _is_due(migration.up):
            calls = "".join(f'migrations.RunSQL("{sql}", migrations.RunSQL.noop),{indent}' for sql in timeouts.local())
            edits.append(Edit(source.path, first.start, first.start, calls))
        if migration.down is not None and _is_due(migration.down):
            backwards = reversed(timeouts.local())
            calls = "".join(f',{indent}migrations.RunSQL(migrations.RunSQL.noop, "{sql}")' for sql in backwards)
            edits.append(Edit(source.path, last.end, last.end, calls))
        return tuple(edits)

    def outside_transaction(self, migration: Migration, fragment: Fragment) -> tuple[Edit, ...] | None:
        """`atomic = False` in the class; it speaks for the whole migration."""
        if not fragment.in_transaction:
            return ()
        text = fragment.source.text
        tree = ast.parse(text.removeprefix(BYTE_ORDER_MARK))
        body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Migration")
        start = Places(text, tree).span(body[0]).start
        return (Edit(fragment.source.path, start, start, f"atomic = False{_indent(text, start)}"),)

    def fixed(self, migration: Migration, fix: Fix) -> tuple[Edit, ...] | None:
        """An index that is the only thing a migration changes becomes a concurrent operation."""
        fragment = next((f for f in migration.up.fragments if f.start == fix.start), None)
        if fragment is None:
            return None
        operations = _operations(ast.parse(fragment.source.text.removeprefix(BYTE_ORDER_MARK)))
        edits = concurrent_operation(fragment.source, operations.elts if operations is not None else (), fix)
        outside = self.outside_transaction(migration, fragment)
        return None if edits is None or outside is None else (*edits, *outside)

    def _migration(
        self,
        file: graph.MigrationFile,
        files: Sequence[graph.MigrationFile],
        up: Script,
        down: Script | None,
        problems: tuple[Problem, ...],
    ) -> Migration:
        known = {each.node: each for each in files}
        parents = [node for name in file.after for node in graph.resolved(name, known)]
        lost = [name for name in file.after if name[0] == file.label and name not in known and name not in parents]
        return Migration(
            id=".".join(file.node),
            tool=self.name,
            path=file.path,
            up=up,
            down=down,
            parents=tuple(".".join(node) for node in (*parents, *lost)),
            problems=problems,
            down_path=file.path,
            depends_on=tuple(".".join(node) for node in parents if node[0] != file.label),
            branch=file.label,
        )


def _without_django(file: graph.MigrationFile) -> Problem:
    label, name = file.node
    return Problem(
        file.path,
        1,
        "Django is not installed here, and only Django can say what these operations send to the server",
        f"Install gatekeeper where the project runs; there, `python manage.py sqlmigrate {label} {name}` shows it too.",
    )


def _operations(tree: ast.Module) -> ast.List | None:
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id="operations")], value=ast.List() as value):
                return value
    return None


def _is_due(script: Script) -> bool:
    return is_due([piece for fragment in script.fragments for piece in outline(fragment.sql)])


def _indent(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line_end(text) + line if not line.strip() else " "


FORMAT: MigrationFormat = Django()
