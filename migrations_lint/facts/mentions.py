"""What a statement mentions, for rules that ask seldom: string constants, and relations named without a schema."""

from collections.abc import Iterator

from migrations_lint.model import Statement
from migrations_lint.parse.nodes import walk


def literals_of(statement: Statement) -> frozenset[str]:
    """The texts that the statement holds as string constants."""
    constants = (node for node in walk(statement.node) if node.DESCRIPTOR.name == "A_Const")
    return frozenset(node.sval.sval for node in constants if node.HasField("sval"))


def bare_names_of(statement: Statement) -> Iterator[str]:
    """The relations that it names without a schema; its own WITH queries and temporary tables are none."""
    nodes = list(walk(statement.node))
    own = {node.ctename for node in nodes if node.DESCRIPTOR.name == "CommonTableExpr"}
    for node in nodes:
        if node.DESCRIPTOR.name == "RangeVar" and not node.schemaname and node.relpersistence != "t":
            yield from () if node.relname in own else (node.relname,)
