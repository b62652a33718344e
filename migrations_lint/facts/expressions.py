"""What an expression calls: whether it is volatile, which columns it reads, what it proves.

Volatility decides whether ADD COLUMN … DEFAULT rewrites (PostgreSQL 11+ rewrites only for volatile defaults). The
names of PostgreSQL's own functions stand in `built_in.py`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from migrations_lint.facts.built_in import IMMUTABLE, STABLE, VOLATILE
from migrations_lint.model import Fragment, Function, Source, Volatility
from migrations_lint.parse import parse, text_of
from migrations_lint.parse.nodes import Parts, by_kind, dotted, inner, kind_of, strings, walk, word

# Of extensions that many histories make defaults of; uuid-ossp and pgcrypto.
_OF_EXTENSIONS = frozenset(
    {"uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4", "gen_random_bytes", "gen_salt"}
)
_KNOWN = VOLATILE | STABLE | IMMUTABLE


def is_known(function: str) -> bool:
    """Whether it is a function of PostgreSQL's own, or of an extension, that touches no table of the user's."""
    return function.lower() in _KNOWN or function.lower() in _OF_EXTENSIONS


def volatility(
    expression: Any, functions: Mapping[str, Function], inside: frozenset[str] = frozenset()
) -> tuple[bool, bool]:
    """Whether an expression is volatile, and whether that is only assumed (a function we do not know).

    PostgreSQL looks after it has put the body of a simple SQL function in the place of its call: what counts is then
    what that calls, and not what CREATE FUNCTION says (`inline_function` in clauses.c, PostgreSQL 12 to 18). `inside`
    are the functions that have been opened so.
    """
    assumed = False
    for message in walk(expression):
        if message.DESCRIPTOR.name != "FuncCall":
            continue
        known, name = functions.get(dotted(message.funcname)), strings(message.funcname)[-1].lower()
        body = _body_in_place(known) if known is not None and known.name not in inside else None
        if known is not None and body is not None:
            volatile, unsure = volatility(body, functions, inside | {known.name})
            if volatile and not unsure:
                return True, False
            assumed = assumed or unsure
            continue
        if name in VOLATILE or name in _OF_EXTENSIONS or (known and known.volatility is Volatility.VOLATILE):
            return True, False
        assumed = assumed or not (known or is_known(name))
    return assumed, assumed


def _body_in_place(function: Function) -> Any | None:
    """The expression that takes the place of a call without arguments; None where the function is really called."""
    may_be = function.language == "sql" and function.volatility is Volatility.VOLATILE and not function.arguments
    if not may_be or function.security_definer or function.search_path is not None or function.body is None:
        return None
    statements = parse(Fragment(function.body, Source(Path("<body>"), function.body), 0, len(function.body))).statements
    if len(statements) != 1 or statements[0].kind != "select_stmt":
        return None
    select = statements[0].node
    fields = {field.name for field, _ in select.ListFields()}
    is_plain = fields <= {"target_list", "limit_option", "op"} and len(select.target_list) == 1
    if not is_plain or any(message.DESCRIPTOR.name == "SubLink" for message in walk(select)):
        return None
    return inner(select.target_list[0]).val


def not_immutable(expression: Any) -> tuple[str, ...]:
    """The functions in an expression that may answer differently at another time, and subqueries in disguise."""
    found = []
    for message in walk(expression):
        if message.DESCRIPTOR.name == "FuncCall":
            name = strings(message.funcname)[-1].lower()
            found += [name] if name in VOLATILE | STABLE else []
        elif message.DESCRIPTOR.name == "SQLValueFunction":
            found.append(word(message, "op").removeprefix("SVFOP_").removesuffix("_N").lower())
    return tuple(dict.fromkeys(found))


def columns_of(expression: Any) -> tuple[str, ...]:
    """The columns that an expression names, each once."""
    return columns_in(by_kind(expression))


def columns_in(parts: Parts) -> tuple[str, ...]:
    """The same, of what has been walked through already."""
    found = parts.get("ColumnRef", ())
    names = [strings(message.fields) for message in found if kind_of(message.fields[-1]) != "A_Star"]
    return tuple(dict.fromkeys(name[-1] for name in names if name))


def proved_not_null(expression: Any) -> Iterator[str]:
    """The columns that a CHECK with this expression keeps from being NULL: `x IS NOT NULL`, joined by AND."""
    message = inner(expression)
    if kind_of(expression) == "NullTest" and word(message, "nulltesttype") == "IS_NOT_NULL":
        if kind_of(message.arg) == "ColumnRef":
            yield from strings(inner(message.arg).fields)[-1:]
    elif kind_of(expression) == "BoolExpr" and word(message, "boolop") == "AND_EXPR":
        for argument in message.args:
            yield from proved_not_null(argument)


def literal(expression: Any) -> str | None:
    """The text of a string constant, with or without a cast; None for anything else."""
    constant = inner(expression)
    if kind_of(expression) == "TypeCast":
        constant = inner(constant.arg)
    if constant is not None and constant.DESCRIPTOR.name == "A_Const" and constant.HasField("sval"):
        return str(constant.sval.sval)
    return None


def beginning(expression: Any) -> str:
    """The text with which a computed string begins: up to what is put behind it by `||`, or in it by format()."""
    message, kind = inner(expression), kind_of(expression)
    if kind == "A_Expr" and strings(message.name) == ("||",):
        return beginning(message.lexpr)
    if kind == "FuncCall" and strings(message.funcname)[-1] in {"format", "concat"} and message.args:
        return beginning(message.args[0]).partition("%")[0]
    return literal(expression) or ""


def sequences_of(expression: Any) -> Iterator[str]:
    """The sequences that `nextval('name')` and its kin name as a literal."""
    for message in walk(expression):
        if message.DESCRIPTOR.name == "FuncCall" and strings(message.funcname)[-1] in {"nextval", "setval", "currval"}:
            names = (literal(argument) for argument in message.args[:1])
            yield from (name for name in names if name is not None)


def summary(expression: Any) -> str:
    """A default in a word or two, for messages: a literal as it stands, a call by its name."""
    message = inner(expression)
    match kind_of(expression):
        case "A_Const":
            for field, value in message.ListFields():
                if field.name in {"sval", "fval"}:
                    return str(getattr(value, field.name))
                if field.name in {"ival", "boolval"}:
                    return str(getattr(value, field.name)).lower()
            return "NULL"
        case "FuncCall":
            return f"{strings(message.funcname)[-1]}()"
        case "TypeCast":
            return summary(message.arg)
        case _:
            return text_of(expression) or "(expression)"
