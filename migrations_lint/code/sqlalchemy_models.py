"""SQLAlchemy models read by Python's own syntax tree: which class maps which table, and its columns."""

import ast
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from migrations_lint.model import CodeFile

_COLUMNS = frozenset({"Column", "mapped_column", "column_property", "deferred"})
_SIGNS = ("mapped_column(", "Mapped[", "Column(", "__tablename__", "Table(")
_CLASS = re.compile(r"class (?P<name>\w+)(?:\[[^\]]*\])?(?:\((?P<bases>[^)]*)\))?:")
_TABLE_NAME = re.compile(r"    __tablename__\s*(?::[^=]*)?=\s*[\"'](?P<name>[^\"']+)[\"']")
_COLUMN = re.compile(
    r"    (?P<name>[A-Za-z_]\w*)\s*(?::\s*(?:orm\.)?Mapped\[|=\s*(?:\w+\.)?(?:mapped_column|Column)\()"
    r"(?:[^(\n]*\()?(?:[\"'](?P<own>\w+)[\"'])?"
)


@dataclass(slots=True)
class Model:
    """A class, or a `Table(…)`: its table's name if it says one, the classes it builds on, and where its columns stand.

    `columns` map the database's names to a line, `attributes` Python's names to the database's.
    """

    name: str
    file: CodeFile
    line: int
    table: str | None = None
    bases: tuple[str, ...] = ()
    columns: dict[str, int] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)


def may_hold_models(text: str) -> bool:
    """Whether anything of SQLAlchemy's is in a text."""
    return any(sign in text for sign in _SIGNS)


def models(file: CodeFile) -> Iterator[Model]:
    """The models of a Python file; line by line where it is written for a newer Python than ours."""
    if not may_hold_models(file.text):
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an old escape sequence is not our concern
            tree = ast.parse(file.text)
    except (SyntaxError, ValueError, RecursionError):
        yield from _line_by_line(file)
        return
    for statement in _statements(tree.body):
        if isinstance(statement, ast.ClassDef):
            yield _of_class(statement, file)
        elif isinstance(value := getattr(statement, "value", None), ast.Call) and _called(value) == "Table":
            name = _first_text(value)
            columns = {text: each.lineno for each in value.args if (text := _column_of_table(each)) is not None}
            if name is not None:
                yield Model("", file, value.lineno, name, (), columns)


def family(model: Model, known: Mapping[str, Sequence[Model]]) -> Iterator[Model]:
    """The model and the classes that it builds on, as far as their names tell."""
    seen: set[str] = set()
    waiting = [model]
    while waiting:
        one = waiting.pop()
        yield one
        for base in one.bases:
            if base not in seen:
                seen.add(base)
                waiting += known.get(base, ())


def _line_by_line(file: CodeFile) -> Iterator[Model]:
    current: Model | None = None
    for number, line in enumerate(file.text.splitlines(), start=1):
        if begins := _CLASS.match(line):
            if current is not None:
                yield current
            bases = tuple(
                base.strip().rpartition(".")[2].partition("[")[0] for base in (begins["bases"] or "").split(",")
            )
            current = Model(begins["name"], file, number, bases=bases)
        elif current is not None and (table := _TABLE_NAME.match(line)):
            current.table = table["name"]
        elif current is not None and (column := _COLUMN.match(line)):
            current.columns[column["own"] or column["name"]] = number
            current.attributes[column["name"]] = column["own"] or column["name"]
    if current is not None:
        yield current


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module and of its classes and conditions, not of its functions."""
    for statement in body:
        yield statement
        if isinstance(statement, (ast.ClassDef, ast.If, ast.Try)):
            yield from _statements([*statement.body, *getattr(statement, "orelse", [])])


def _of_class(node: ast.ClassDef, file: CodeFile) -> Model:
    bases = tuple(base.id if isinstance(base, ast.Name) else getattr(base, "attr", "") for base in node.bases)
    model = Model(node.name, file, node.lineno, bases=bases)
    for statement in node.body:
        name, value, annotation = _assigned(statement)
        if name == "__tablename__" and isinstance(value, ast.Constant) and isinstance(value.value, str):
            model.table = value.value
        elif name and _is_column(value, annotation):
            column = (_first_text(value) if isinstance(value, ast.Call) else None) or name
            model.columns[column] = statement.lineno
            model.attributes[name] = column
    return model


def _assigned(statement: ast.stmt) -> tuple[str, ast.expr | None, str]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, value, ""
        case ast.AnnAssign(target=ast.Name(id=name), value=value, annotation=annotation):
            return name, value, ast.unparse(annotation)
        case ast.FunctionDef(name=name, decorator_list=decorators) if any(
            getattr(each, "id", getattr(each, "attr", "")) == "declared_attr" for each in decorators
        ):
            return name, None, ast.unparse(statement.returns) if statement.returns else ""
    return "", None, ""


def _is_column(value: ast.expr | None, annotation: str) -> bool:
    if isinstance(value, ast.Call):
        return _called(value) in _COLUMNS
    return value is None and annotation.removeprefix("orm.").startswith("Mapped[")


def _column_of_table(node: ast.expr) -> str | None:
    return _first_text(node) if isinstance(node, ast.Call) and _called(node) == "Column" else None


def _called(node: ast.Call) -> str:
    return str(getattr(node.func, "id", getattr(node.func, "attr", "")))


def _first_text(node: ast.Call) -> str | None:
    first = node.args[0] if node.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
