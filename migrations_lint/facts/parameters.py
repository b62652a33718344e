"""SET, RESET, `set_config`, and the statements that begin and end transactions and savepoints."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.scene import Scene
from migrations_lint.model import ControlsTransaction, Fact, NeedsNoTransaction, SetsParameter
from migrations_lint.parse.nodes import inner, kind_of, word

_COMMANDS = {
    "TRANS_STMT_BEGIN": "BEGIN",
    "TRANS_STMT_START": "BEGIN",
    "TRANS_STMT_COMMIT": "COMMIT",
    "TRANS_STMT_ROLLBACK": "ROLLBACK",
    "TRANS_STMT_SAVEPOINT": "SAVEPOINT",
    "TRANS_STMT_RELEASE": "RELEASE",
    "TRANS_STMT_ROLLBACK_TO": "ROLLBACK TO",
    "TRANS_STMT_PREPARE": "PREPARE TRANSACTION",
    "TRANS_STMT_COMMIT_PREPARED": "COMMIT PREPARED",
    "TRANS_STMT_ROLLBACK_PREPARED": "ROLLBACK PREPARED",
}


@derives("transaction_stmt")
def control_transaction(node: Any, scene: Scene) -> Iterator[Fact]:
    """COMMIT PREPARED and ROLLBACK PREPARED end another transaction than the session's own, and need none open."""
    command = _COMMANDS[word(node, "kind")]
    if command in {"COMMIT PREPARED", "ROLLBACK PREPARED"}:
        yield NeedsNoTransaction(command)
    yield ControlsTransaction(command, node.savepoint_name or None, node.chain)


@derives("discard_stmt")
def discard(node: Any, scene: Scene) -> Iterator[Fact]:
    """DISCARD ALL resets every parameter, and is refused inside a transaction."""
    if word(node, "target") == "DISCARD_ALL":
        yield NeedsNoTransaction("DISCARD ALL")
        yield SetsParameter("all", None, local=False)


@derives("variable_set_stmt")
def set_parameter(node: Any, scene: Scene) -> Iterator[Fact]:
    """The parameter and its value as text; RESET ALL is told as the name `all`."""
    kind = word(node, "kind")
    if kind == "VAR_RESET_ALL":
        yield SetsParameter("all", None, local=False)
    elif kind == "VAR_SET_VALUE":
        yield SetsParameter(node.name.lower(), ", ".join(map(_value, node.args)), node.is_local)
    elif kind in {"VAR_SET_DEFAULT", "VAR_RESET"}:
        yield SetsParameter(node.name.lower(), None, node.is_local)


def _value(node: Any) -> str:
    constant = inner(node)
    if constant.DESCRIPTOR.name != "A_Const":
        return ""
    for field, _ in constant.ListFields():
        if field.name == "sval":
            return str(constant.sval.sval)
        if field.name == "fval":
            return str(constant.fval.fval)
        if field.name == "ival":
            return str(constant.ival.ival)
    return "0"


def set_by_call(call: Any) -> Iterator[SetsParameter]:
    """`set_config('name', 'value', is_local)`; a value that is no constant is told as an empty text."""
    arguments = [_constant(argument) for argument in call.args]
    if len(arguments) == 3 and arguments[0]:
        yield SetsParameter(arguments[0].lower(), arguments[1], local=arguments[2] in {"t", "true"})


def _constant(node: Any) -> str:
    message = inner(node)
    if kind_of(node) == "TypeCast":  # a boolean is written as 't'::bool by the grammar before PostgreSQL 15
        message = inner(message.arg)
    if message is None or message.DESCRIPTOR.name != "A_Const":
        return ""
    return "true" if message.HasField("boolval") and message.boolval.boolval else _value(message)
