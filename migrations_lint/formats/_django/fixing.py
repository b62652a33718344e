"""Fixes as Django has operations for them: an index added or removed CONCURRENTLY, in a migration that is not atomic.

Source: Django 5.2, "Concurrent index operations" of django.contrib.postgres: both need `atomic = False`.
"""

import ast
from collections.abc import Sequence

from migrations_lint.files import BYTE_ORDER_MARK
from migrations_lint.formats._python.places import Places
from migrations_lint.model import Direction, Edit, Fix, Place, Source
from migrations_lint.timeouts import line_end

_CONCURRENTLY = {"AddIndex": "AddIndexConcurrently", "RemoveIndex": "RemoveIndexConcurrently"}
_MODULE = "django.contrib.postgres.operations"


def concurrent_operation(source: Source, operations: Sequence[ast.expr], fix: Fix) -> tuple[Edit, ...] | None:
    """The operation in its concurrent form, and its import.

    None where another operation would lose its transaction along with it, or where the fix is of another kind.
    """
    is_alone = fix.direction is Direction.UP and [step.place for step in fix.steps] == [Place.ALONE]
    call = operations[0] if len(operations) == 1 else None
    if not is_alone or not isinstance(call, ast.Call):
        return None
    text = source.text
    tree = ast.parse(text.removeprefix(BYTE_ORDER_MARK))
    places = Places(text, tree)
    name = ast.unparse(call.func).removeprefix("migrations.")
    if name not in _CONCURRENTLY or places.span(call).start != fix.start:
        return None
    function = places.span(call.func)
    at = places.span(_behind_which(tree)).start
    line = f"from {_MODULE} import {_CONCURRENTLY[name]}{line_end(text)}"
    return (
        Edit(source.path, at, at, line),
        Edit(source.path, function.start, function.end, _CONCURRENTLY[name]),
    )


def _behind_which(tree: ast.Module) -> ast.stmt:
    """The first statement that is to come after the import: that of django.db, else what follows `__future__`."""
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom | ast.Import)]
    of_django = [node for node in imports if isinstance(node, ast.ImportFrom) and node.module == "django.db"]
    others = [node for node in imports if not (isinstance(node, ast.ImportFrom) and node.module == "__future__")]
    return next(iter([*of_django, *others]))
