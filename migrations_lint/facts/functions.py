"""CREATE and ALTER FUNCTION."""

from collections.abc import Iterable, Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.scene import Scene
from migrations_lint.facts.types import type_text
from migrations_lint.model import ChangesFunction, CreatesFunction, Fact, Function, Volatility
from migrations_lint.parse import sql_of, text_of
from migrations_lint.parse.nodes import dotted, inner, kind_of, option_text, strings, word
from migrations_lint.parse.plpgsql import definition_of_trigger

_INPUTS = frozenset({"FUNC_PARAM_IN", "FUNC_PARAM_INOUT", "FUNC_PARAM_VARIADIC", "FUNC_PARAM_DEFAULT"})


@derives("create_function_stmt")
def create_function(node: Any, scene: Scene) -> Iterator[Fact]:
    """No lock on a table; what the body does happens when it is called."""
    options = _options(node.options)
    name = dotted(node.funcname)
    parameters = [inner(parameter) for parameter in node.parameters]
    language = options.get("language", "sql").lower()
    function = Function(
        name,
        arguments=tuple(type_text(p.arg_type) for p in parameters if word(p, "mode") in _INPUTS),
        returns=type_text(node.return_type) if node.HasField("return_type") else None,
        language=language,
        volatility=Volatility(options.get("volatility", "volatile")),
        security_definer=options.get("security") == "true",
        search_path=_search_path(node.options),
        body=_body(node),
        is_procedure=node.is_procedure,
        definition=_definition(node, language),
    )
    yield CreatesFunction(function, node.replace, scene.schema.functions.get(name) if node.replace else None)


@derives("alter_function_stmt")
def alter_function(node: Any, scene: Scene) -> Iterator[Fact]:
    """No lock on a table."""
    options = _options(node.actions)
    yield ChangesFunction(
        dotted(node.func.objname),
        Volatility(options["volatility"]) if "volatility" in options else None,
        options["security"] == "true" if "security" in options else None,
        _search_path(node.actions),
    )


def _body(node: Any) -> str | None:
    """The text between the quotes, or the statements of RETURN and BEGIN ATOMIC (PostgreSQL 14)."""
    if node.HasField("sql_body"):
        body = inner(node.sql_body)
        if kind_of(node.sql_body) == "ReturnStmt":
            return f"SELECT {text_of(body.returnval)}"
        return ";\n".join(sql_of(statement) for part in body.items for statement in inner(part).items)
    for option in map(inner, node.options):
        if option.defname == "as" and len(inner(option.arg).items) == 1:
            return strings(inner(option.arg).items)[0]
    return None


def _definition(node: Any, language: str) -> str | None:
    """What the parser of PL/pgSQL wants to see."""
    if language != "plpgsql":
        return None
    if dotted(node.return_type.names) in {"trigger", "event_trigger"}:
        return definition_of_trigger(_body(node) or "")
    return sql_of(node)


def _options(options: Iterable[Any]) -> dict[str, str]:
    return {option.defname: option_text(option) for option in map(inner, options)}


def _search_path(options: Iterable[Any]) -> str | None:
    for option in map(inner, options):
        if option.defname == "set" and kind_of(option.arg) == "VariableSetStmt":
            setting = inner(option.arg)
            if setting.name == "search_path" and word(setting, "kind") == "VAR_SET_VALUE":
                return ", ".join(inner(value).sval.sval for value in setting.args)
    return None
