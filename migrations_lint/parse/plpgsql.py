"""PL/pgSQL bodies through the parser's own support for the language: which SQL a body runs, and when."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import postgast

# Bodies that run only if a condition holds, an error is caught, a row is found, or a cursor is opened.
_MAY_NOT_RUN = frozenset(
    {"then_body", "elsif_list", "else_body", "case_when_list", "else_stmts", "exceptions", "datums"}
)
_LOOPS = frozenset(
    {"PLpgSQL_stmt_fors", "PLpgSQL_stmt_while", "PLpgSQL_stmt_fori", "PLpgSQL_stmt_forc", "PLpgSQL_stmt_dynfors",
     "PLpgSQL_stmt_foreach_a"}
)  # fmt: skip
_DYNAMIC = frozenset({"PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors"})
_QUOTE = "$body_of_trigger$"
_VARIABLES = (
    "DECLARE new record; old record; tg_name text; tg_when text; tg_level text; tg_op text; tg_relid oid; "
    "tg_relname text; tg_table_name text; tg_table_schema text; tg_nargs int; tg_argv text[]; "
    "tg_tag text; tg_event text; "
)
_STATEMENT, _ASSIGNMENT = 0, 3  # RawParseMode: 2 is an expression, 3 to 5 assignments


@dataclass(frozen=True, slots=True)
class Embedded:
    """One SQL statement of a body; an expression stands as a SELECT of it.

    `conditional`: it may run not at all. `dynamic`: `sql` computes the text of what EXECUTE runs.
    """

    sql: str
    conditional: bool = False
    dynamic: bool = False


def embedded(definition: str) -> tuple[Embedded, ...] | None:
    """What the body of a CREATE FUNCTION or DO statement runs, in its order; None where the body cannot be read."""
    try:
        functions = postgast.parse_plpgsql(definition)
    except (postgast.PgQueryError, ValueError, RecursionError):
        return None
    return tuple(found for function in functions for found in _walk(function, conditional=False, dynamic=False))


def definition_of_trigger(body: str) -> str:
    """A trigger function's body in a function that has its variables by declaration: those of RETURNS trigger make the
    parser's support library write JSON that cannot be read (libpg_query 17 and 18)."""
    inner = body.rstrip().rstrip(";")
    return f"CREATE FUNCTION f() RETURNS record LANGUAGE plpgsql AS {_QUOTE}{_VARIABLES}BEGIN {inner}\n; END{_QUOTE}"


def _walk(node: Any, *, conditional: bool, dynamic: bool) -> Iterator[Embedded]:
    if isinstance(node, list):
        for item in node:
            yield from _walk(item, conditional=conditional, dynamic=dynamic)
        return
    if not isinstance(node, dict):
        return
    for name, value in node.items():
        if name == "PLpgSQL_expr":
            yield _expression(value, conditional=conditional, dynamic=dynamic)
        elif name in _LOOPS:
            yield from _loop(name, value, conditional=conditional)
        else:
            yield from _walk(
                value,
                conditional=conditional or name in _MAY_NOT_RUN,
                dynamic=name in _DYNAMIC or (dynamic and name == "query"),
            )


def _loop(name: str, loop: Any, *, conditional: bool) -> Iterator[Embedded]:
    """What a loop goes through comes first and always runs; its body may not."""
    head = {key: value for key, value in loop.items() if key != "body"}
    query = head.pop("query", {})
    yield from _walk(query, conditional=conditional, dynamic=name in _DYNAMIC)
    yield from _walk(head, conditional=conditional, dynamic=False)
    yield from _walk(loop.get("body", []), conditional=True, dynamic=False)


def _expression(expression: Any, *, conditional: bool, dynamic: bool) -> Embedded:
    sql, mode = str(expression["query"]), expression.get("parseMode", _STATEMENT)
    if mode >= _ASSIGNMENT:
        sql = sql.partition(":=")[2] or sql.partition("=")[2]
    return Embedded(sql if mode == _STATEMENT else f"SELECT {sql}", conditional, dynamic)
