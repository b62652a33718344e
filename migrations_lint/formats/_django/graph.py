"""Which migrations a project has, and their order: read from the files, nothing is run and Django is not needed."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from migrations_lint.files import folders_below, natural_key, read_text

Node = tuple[str, str]

_IS_MIGRATION = re.compile(r"(?m)^class[ \t]+Migration\b")
_LABEL = re.compile(r"""(?m)^[ \t]+label[ \t]*(?::[^=\n]*)?=[ \t]*["'](?P<label>\w+)["']""")
_USER = re.compile(r"""(?m)^AUTH_USER_MODEL[ \t]*=[ \t]*["'](?P<model>\w+\.\w+)["']""")
_SETTINGS = ("settings*.py", "settings/*.py", "*/settings*.py", "*/settings/*.py")


@dataclass(frozen=True, slots=True)
class MigrationFile:
    """One migration as its file tells: the app's label and its own name are its identity."""

    path: Path
    label: str
    after: tuple[Node, ...]
    before: tuple[Node, ...] = ()
    replaces: tuple[Node, ...] = ()

    @property
    def node(self) -> Node:
        """What others call it in `dependencies`."""
        return self.label, self.path.stem


def is_migration(path: Path) -> bool:
    """Whether a Python file defines a Migration of Django."""
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return False
    return _IS_MIGRATION.search(text) is not None and "django" in text


def migration_folders(root: Path) -> Iterator[Path]:
    """The `migrations` folders in a project."""
    for folder in folders_below(root):
        if folder.name == "migrations" and any(is_migration(path) for path in _files_in(folder)):
            yield folder


def user_model(root: Path) -> str:
    """What AUTH_USER_MODEL says in a settings file of the project; else Django's own."""
    for pattern in _SETTINGS:
        for path in sorted(root.glob(pattern)):
            if match := _USER.search(path.read_text(encoding="utf-8", errors="replace")):
                return match["model"]
    return "auth.User"


def in_order(root: Path) -> list[MigrationFile]:
    """The project's migrations and those of Django's own apps that they stand on, as `migrate` would run them."""
    user = user_model(root).partition(".")[0]
    found = {one.node: one for folder in migration_folders(root) for one in _migrations(folder, _label(folder), user)}
    _add_those_of_django(found, user)
    found = {node: one for node, one in found.items() if not _is_squashed_twin(one, found)}
    parents = _parents(found)
    ordered: dict[Node, None] = {}
    for node in sorted(found):
        _visit(node, parents, ordered)
    return [found[node] for node in ordered]


def _visit(node: Node, parents: Mapping[Node, Sequence[Node]], ordered: dict[Node, None]) -> None:
    waiting = [(node, False)]
    open_: set[Node] = set()
    while waiting:
        here, is_done = waiting.pop()
        if is_done:
            ordered.setdefault(here)
        elif here not in ordered and here not in open_:
            open_.add(here)
            waiting.append((here, True))
            waiting += [(parent, False) for parent in sorted(parents[here], reverse=True)]


def _parents(found: Mapping[Node, MigrationFile]) -> dict[Node, list[Node]]:
    parents = {node: [each for name in one.after for each in resolved(name, found)] for node, one in found.items()}
    for node, one in found.items():
        for name in one.before:
            for later in resolved(name, found):
                parents[later].append(node)
    return parents


def resolved(name: Node, found: Mapping[Node, MigrationFile]) -> Iterator[Node]:
    """The migrations that a dependency means: `__first__`, `__latest__`, and what a squashed one has replaced."""
    label, migration = name
    of_app = [node for node in found if node[0] == label]
    if name in found:
        yield name
    elif migration in {"__first__", "__latest__"}:
        followed = {parent for node in of_app for parent in found[node].after}
        firsts = [node for node in of_app if not any(parent[0] == label for parent in found[node].after)]
        yield from firsts if migration == "__first__" else [node for node in of_app if node not in followed]
    else:
        yield from (node for node in of_app if name in found[node].replaces)


def _is_squashed_twin(one: MigrationFile, found: Mapping[Node, MigrationFile]) -> bool:
    """What it replaces is still there, and leads to the same schema step by step."""
    return bool(one.replaces) and all(node in found for node in one.replaces)


def _add_those_of_django(found: dict[Node, MigrationFile], user: str) -> None:
    waiting = [name[0] for one in found.values() for name in one.after]
    seen = {node[0] for node in found}
    while waiting:
        label = waiting.pop()
        if label in seen:
            continue
        seen.add(label)
        folder = _folder_of_django(label)
        for one in _migrations(folder, label, user) if folder else ():
            found[one.node] = one
            waiting += [name[0] for name in one.after]


def _folder_of_django(label: str) -> Path | None:
    try:
        spec = find_spec("django")
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "contrib" / label / "migrations"
    return folder if folder.is_dir() else None


def _label(folder: Path) -> str:
    apps = folder.parent / "apps.py"
    match = _LABEL.search(read_text(apps)) if apps.is_file() else None
    return match["label"] if match else folder.parent.name


def _files_in(folder: Path) -> list[Path]:
    return sorted((path for path in folder.glob("*.py") if not path.name.startswith(("_", "~"))), key=natural_key)


def _migrations(folder: Path, label: str, user: str) -> Iterator[MigrationFile]:
    for path in _files_in(folder):
        if is_migration(path):
            lists = _lists(path, label, user)
            yield MigrationFile(
                path, label, lists.get("dependencies", ()), lists.get("run_before", ()), lists.get("replaces", ())
            )


def _lists(path: Path, label: str, user: str) -> dict[str, tuple[Node, ...]]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8-sig", errors="replace"))
    except (SyntaxError, ValueError, RecursionError):
        return {}
    body = next((node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Migration"), [])
    return {
        target.id: tuple(_nodes(statement.value, user))
        for statement in body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name) and target.id in {"dependencies", "run_before", "replaces"}
    }


def _nodes(value: ast.expr, user: str) -> Iterator[Node]:
    for element in value.elts if isinstance(value, ast.List | ast.Tuple) else ():
        match element:
            case ast.Tuple(elts=[ast.Constant(value=str(label)), ast.Constant(value=str(name))]):
                yield label, name
            case ast.Call(func=ast.Attribute(attr="swappable_dependency")):
                yield user, "__first__"
