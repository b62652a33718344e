"""An UPDATE or a DELETE narrowed to a range of keys: a condition put into its text, everything else as it was written."""

from dataclasses import dataclass

from migrations_lint.model import Statement
from migrations_lint.parse.libpg import Token, quoted, tokens
from migrations_lint.parse.nodes import by_kind

_OPEN, _CLOSE = frozenset({"(", "["}), frozenset({")", "]"})
_CHANGES = ("InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt")
_KINDS = frozenset({"update_stmt", "delete_stmt"})


@dataclass(frozen=True, slots=True)
class Narrowable:
    """A statement that changes rows of one table.

    `table` is its name as SQL spells it, `reference` what its columns are called by in the statement; `sets` are the
    columns that it writes.
    """

    sql: str
    table: str
    reference: str
    sets: tuple[str, ...]
    _where: int | None
    _condition_begins: int
    _condition_ends: int

    def within(self, column: str, after: str | None, upto: str) -> str:
        """Only rows whose key is greater than `after` and not greater than `upto`; both are literals."""
        key = f"{self.reference}.{quoted(column)}"
        limits = " AND ".join([*([f"{key} > {after}"] if after is not None else []), f"{key} <= {upto}"])
        end = self._condition_ends
        if self._where is None:
            return f"{self.sql[:end]} WHERE {limits}{self.sql[end:]}"
        begin = self._condition_begins
        return f"{self.sql[:begin]}({self.sql[begin:end]}) AND {limits}{self.sql[end:]}"


def narrowable(statement: Statement) -> Narrowable | None:
    """The statement, ready to be narrowed.

    None where it is neither UPDATE nor DELETE, follows a cursor, or changes rows in a WITH query as well.
    """
    if statement.kind not in _KINDS:
        return None
    parts = by_kind(statement.node)
    if "CurrentOfExpr" in parts or sum(len(parts.get(kind, ())) for kind in _CHANGES) > 1:
        return None
    relation = statement.node.relation
    table = ".".join(quoted(part) for part in (relation.schemaname, relation.relname) if part)
    reference = quoted(relation.alias.aliasname or relation.relname)
    sets = tuple(target.res_target.name for target in getattr(statement.node, "target_list", ()))
    outside = _outside(tokens(statement.sql))
    where = next((token for token in outside if token.text.upper() == "WHERE"), None)
    returning = next((at for at, token in enumerate(outside) if token.text.upper() == "RETURNING"), len(outside))
    last = outside[returning - 1]
    begins = next((token.start for token in tokens(statement.sql) if where and token.start >= where.end), 0)
    return Narrowable(statement.sql, table, reference, sets, where and where.start, begins, last.end)


def _outside(found: tuple[Token, ...]) -> list[Token]:
    """The tokens that stand outside of parentheses, the closing ones included."""
    depth, outside = 0, []
    for token in found:
        depth -= token.text in _CLOSE
        if depth == 0:
            outside.append(token)
        depth += token.text in _OPEN
    return outside
