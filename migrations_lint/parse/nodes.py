"""Reading the parser's tree: what a node is, what it names, what is inside it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import postgast
from google.protobuf.message import Message  # type: ignore[import-untyped]

_WRAPPER = postgast.pg_query_pb2.Node
_LIST = type(postgast.pg_query_pb2.ParseResult().stmts)  # of messages
Parts = Mapping[str, Sequence[Any]]
"""The messages of a tree by their names in PostgreSQL's source."""

_PLAIN = frozenset({bool, bytes, float, int, str})


def inner(node: Any) -> Any:
    """The message inside a `Node` wrapper; a message that is none is returned as it is."""
    if type(node) is not _WRAPPER:
        return node
    kind = node.WhichOneof("node")
    return getattr(node, kind) if kind else None


def kind_of(node: Any) -> str:
    """The message's name in PostgreSQL's source, such as `FuncCall`; empty for an absent node."""
    message = inner(node)
    return "" if message is None else type(message).__name__


def word(message: Any, field: str) -> str:
    """The name of an enum field's value, such as `AT_AddColumn`."""
    return _word(message.DESCRIPTOR, field, getattr(message, field))


@cache
def _word(descriptor: Any, field: str, number: int) -> str:
    return str(descriptor.fields_by_name[field].enum_type.values_by_number[number].name)


def strings(nodes: Iterable[Any]) -> tuple[str, ...]:
    """The texts of a list of String nodes."""
    return tuple(node.string.sval for node in nodes if node.HasField("string"))


def walk(message: Any) -> Iterator[Any]:
    """A message and everything below it, wrappers left out."""
    waiting = [message] if message is not None else []
    while waiting:
        current = waiting.pop()
        if type(current) is not _WRAPPER:
            yield current
        children: list[Any] = []
        for _, value in current.ListFields():
            kind = type(value)
            if kind in _PLAIN:
                continue
            if issubclass(kind, Message):
                children.append(value)
            elif kind is _LIST:
                children += value
        children.reverse()
        waiting += children


def by_kind(message: Any) -> Parts:
    """A message and everything below it by their names in PostgreSQL's source, found in one walk."""
    found: dict[str, list[Any]] = {}
    for each in walk(message):
        found.setdefault(type(each).__name__, []).append(each)
    return found


def boolean_option(options: Iterable[Any], name: str) -> bool:
    """Whether a list of DefElem switches `name` on; a bare option counts as on."""
    for option in map(inner, options):
        if option.defname.lower() == name:
            if not option.HasField("arg"):
                return True
            value = inner(option.arg)
            text = getattr(value, "sval", None)
            return str(getattr(value, "ival", text)).lower() in {"1", "on", "true", "yes"} or bool(
                getattr(value, "boolval", False)
            )
    return False


def definition(command: Any) -> Any:
    """What an ALTER TABLE sub-command adds or sets; the field is called `def`, a word that Python keeps for itself."""
    return inner(getattr(command, "def"))


def dotted(nodes: Iterable[Any]) -> str:
    """A list of String nodes as one name, without a schema where that is public or PostgreSQL's own."""
    names = strings(nodes)
    return ".".join(names[1:] if len(names) > 1 and names[0] in {"public", "pg_catalog"} else names)


def object_name(node: Any) -> str:
    """The name in what DROP, RENAME, GRANT and their kin give as an object: a string, a list, a type, a signature."""
    message = inner(node)
    match kind_of(node):
        case "String":
            return str(message.sval)
        case "ObjectWithArgs":
            return dotted(message.objname)
        case "TypeName":
            return dotted(message.names)
        case "List":
            return dotted(message.items)
        case _:
            return ""


def role(spec: Any) -> str:
    """The role that a RoleSpec names; `public` and `current_user` as SQL writes them."""
    named = word(spec, "roletype")
    return str(spec.rolename) if named == "ROLESPEC_CSTRING" else named.removeprefix("ROLESPEC_").lower()


def option_text(option: Any) -> str:
    """What a DefElem sets, as text; empty where it has no argument."""
    if not option.HasField("arg"):
        return ""
    value = inner(option.arg)
    if value.DESCRIPTOR.name == "TypeName":
        return ".".join(strings(value.names))
    for field in ("sval", "fval", "ival", "boolval"):
        if field in value.DESCRIPTOR.fields_by_name:
            return str(getattr(value, field)).lower() if field == "boolval" else str(getattr(value, field))
    return ""
