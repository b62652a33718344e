"""An UPDATE or a DELETE narrowed to a range of keys: a condition put into its text, the rest as it was written."""

from dataclasses import dataclass
from itertools import pairwise

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
    columns that it writes. `begins` and `ends`: where its condition stands in `sql`; both the same where it has none.
    """

    sql: str
    table: str
    reference: str
    sets: tuple[str, ...]
    begins: int
    ends: int

    def within(self, column: str, after: str | None, upto: str) -> str:
        """Only rows whose key is greater than `after` and not greater than `upto`; both are literals."""
        key = f"{self.reference}.{quoted(column)}"
        limits = " AND ".join([*([f"{key} > {after}"] if after is not None else []), f"{key} <= {upto}"])
        condition = self.sql[self.begins : self.ends]
        narrowed = f"({condition}) AND {limits}" if condition else f" WHERE {limits}"
        return self.sql[: self.begins] + narrowed + self.sql[self.ends :]


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
    return Narrowable(statement.sql, table, reference, sets, *_condition(tokens(statement.sql)))


def _condition(found: tuple[Token, ...]) -> tuple[int, int]:
    """Where the condition begins and ends: behind WHERE, before RETURNING, neither of them within parentheses."""
    depth, begins, ends = 0, None, found[-1].end
    for before, token in pairwise(found):
        depth += (before.text in _OPEN) - (before.text in _CLOSE)
        if depth == 0 and before.text.upper() == "WHERE":
            begins = token.start
        if depth == 0 and token.text.upper() == "RETURNING":
            ends = before.end
    return (ends if begins is None else begins), ends
