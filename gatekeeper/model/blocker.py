"""A session that holds or waits for a lock: who it is and what it does, without anybody's data in it."""

import re
from dataclasses import dataclass

# In this order: what a comment or a dollar quote holds is not looked into again. A literal may be cut off at the end.
_DATA = re.compile(
    r"""--[^\n]* | /\*.*?(?:\*/|\Z) | \$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z)
      | [eE]'(?:[^'\\]|\\.|'')*(?:'|\Z|\\\Z) | '(?:[^']|'')*(?:'|\Z) | (?<![\w$"])\d[\w.]*""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Blocker:
    """A session with a lock on a table of ours, granted or asked for; ages in seconds.

    `transaction` tells transactions apart (a virtual transaction id). A prepared transaction has no `pid`, and its name
    is `application`. `age` is None where our role may not see how old the transaction is. `kind` is PostgreSQL's word
    for the process: client backend, autovacuum worker, walsender. `waits`: the lock is not granted yet, and stands
    before ours in the queue. `query` has gone through `without_data`.
    """

    transaction: str
    pid: int | None
    relation: str
    mode: str
    age: float | None
    application: str = ""
    role: str = ""
    state: str = ""
    idle: float = 0.0
    query: str = ""
    kind: str = "client backend"
    waits: bool = False

    def __str__(self) -> str:
        who = f"pid {self.pid}" if self.pid is not None else "prepared transaction"
        age = "age not shown to our role" if self.age is None else f"transaction open for {self.age:.1f} s"
        name = self.application or ("no name" if self.kind in {"", "client backend"} else self.kind)
        named = ", ".join(part for part in (name, self.state, age) if part)
        doing = f": {self.query}" if self.query else ""
        return f"{who} ({named}) {'waits for' if self.waits else 'holds'} {self.mode} on {self.relation}{doing}"

    @property
    def is_autovacuum(self) -> bool:
        """An autovacuum that ends by itself when somebody waits for it."""
        return self.kind == "autovacuum worker" and not self.prevents_wraparound

    @property
    def prevents_wraparound(self) -> bool:
        """A vacuum that never yields (`to prevent wraparound`)."""
        return self.kind == "autovacuum worker" and "(to prevent wraparound)" in self.query


def without_data(query: str) -> str:
    """A query without its literals and comments, which may be anybody's data; no longer than 120 characters."""
    return " ".join(_DATA.sub("?", query).split())[:120]
