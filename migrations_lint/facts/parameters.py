"""SET, RESET and the statements that begin and end transactions; `set_config` is read by the engine as SET."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.scene import Scene
from migrations_lint.model import Fact, SetsParameter
from migrations_lint.parse.nodes import inner, word


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
