"""What a statement mentions, for rules that ask seldom: string constants, and relations named without a schema."""

from collections.abc import Iterator

from migrations_lint.model import Fragment, Statement
from migrations_lint.parse import parse
from migrations_lint.parse.nodes import by_kind


def literals_of(statement: Statement) -> frozenset[str]:
    """The texts that the statement holds as string constants; it is parsed for them anew."""
    again = parse(Fragment(statement.sql, statement.fragment.source, 0, len(statement.sql))).statements
    constants = [node for one in again for node in by_kind(one.node).get("A_Const", ())]
    return frozenset(node.sval.sval for node in constants if node.HasField("sval"))


def bare_names_of(statement: Statement) -> Iterator[str]:
    """The relations that it names without a schema; its own WITH queries and temporary tables are none."""
    parts = by_kind(statement.node)
    own = {node.ctename for node in parts.get("CommonTableExpr", ())}
    for node in parts.get("RangeVar", ()):
        if not node.schemaname and node.relpersistence != "t" and node.relname not in own:
            yield node.relname
