"""What an expression calls: whether it is volatile, which columns it reads, what it proves.

Volatility decides whether ADD COLUMN … DEFAULT rewrites (PostgreSQL 11+ rewrites only for volatile defaults). The
names below were taken from `pg_proc.provolatile`; a test asks a real server whether they still hold.
"""

from collections.abc import Iterator
from typing import Any

from migrations_lint.parse import text_of
from migrations_lint.parse.nodes import inner, kind_of, strings, walk, word

VOLATILE = frozenset(
    {
        "random", "setseed", "gen_random_uuid", "uuidv4", "uuidv7", "clock_timestamp", "timeofday", "nextval",
        "setval", "currval", "lastval", "pg_sleep", "random_normal",
    }
)  # fmt: skip
STABLE = frozenset(
    {
        "now", "transaction_timestamp", "statement_timestamp", "age", "to_char", "to_timestamp", "to_date",
        "current_setting", "current_schema", "txid_current", "pg_backend_pid", "inet_client_addr", "pg_get_userbyid",
    }
)  # fmt: skip
NOT_VOLATILE = frozenset(
    {
        "now", "transaction_timestamp", "statement_timestamp", "date_trunc", "timezone", "to_timestamp", "to_char",
        "to_date", "age", "make_date", "make_interval", "make_timestamptz", "lower", "upper", "trim", "btrim",
        "ltrim", "rtrim", "concat", "length", "char_length", "md5", "substring", "replace", "left", "right", "abs",
        "round", "floor", "ceil", "current_setting", "current_user", "session_user", "current_schema",
        "jsonb_build_object",
        "jsonb_build_array", "json_build_object", "json_build_array", "to_json", "to_jsonb", "array_to_string",
        "string_to_array", "encode", "decode", "repeat", "lpad", "rpad", "split_part", "sha256", "regexp_replace",
        "txid_current", "int4range", "daterange", "tstzrange", "numrange", "array_append", "initcap", "jsonb_set",
        "extract", "date_part", "mod", "power", "sqrt", "to_tsvector", "hashtext", "format", "overlay", "strpos",
    }
)  # fmt: skip


def volatility(expression: Any) -> tuple[bool, bool]:
    """Whether an expression is volatile, and whether that is only assumed (a function we do not know)."""
    assumed = False
    for message in walk(expression):
        if message.DESCRIPTOR.name != "FuncCall":
            continue
        name = strings(message.funcname)[-1].lower()
        if name in VOLATILE:
            return True, False
        assumed = assumed or name not in NOT_VOLATILE
    return assumed, assumed


def not_immutable(expression: Any) -> tuple[str, ...]:
    """The functions in an expression that may answer differently at another time, and subqueries in disguise."""
    found = []
    for message in walk(expression):
        if message.DESCRIPTOR.name == "FuncCall":
            name = strings(message.funcname)[-1].lower()
            found += [name] if name in VOLATILE or name in STABLE else []
        elif message.DESCRIPTOR.name == "SQLValueFunction":
            found.append(word(message, "op").removeprefix("SVFOP_").removesuffix("_N").lower())
    return tuple(dict.fromkeys(found))


def columns_of(expression: Any) -> tuple[str, ...]:
    """The columns that an expression names, each once."""
    found = (message for message in walk(expression) if message.DESCRIPTOR.name == "ColumnRef")
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


def sequences_of(expression: Any) -> Iterator[str]:
    """The sequences that `nextval('name')` and its kin name as a literal."""
    for message in walk(expression):
        if message.DESCRIPTOR.name == "FuncCall" and strings(message.funcname)[-1] in {"nextval", "setval", "currval"}:
            for argument in message.args[:1]:
                constant = inner(argument)
                if kind_of(argument) == "TypeCast":
                    constant = inner(constant.arg)
                if constant is not None and constant.DESCRIPTOR.name == "A_Const" and constant.HasField("sval"):
                    yield constant.sval.sval


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
