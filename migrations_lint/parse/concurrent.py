"""What a statement does CONCURRENTLY: which object it is about, for finding afterwards what came of it."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from migrations_lint.model import Fragment, Source
from migrations_lint.parse.libpg import parse, quoted
from migrations_lint.parse.nodes import boolean_option, definition, inner, strings, word


class Concurrency(Enum):
    """What is done concurrently."""

    CREATE = "CREATE INDEX"
    DROP = "DROP INDEX"
    REINDEX = "REINDEX"
    DETACH = "DETACH PARTITION"


@dataclass(frozen=True, slots=True)
class Concurrent:
    """A statement with CONCURRENTLY.

    `scope` is what kind of object `within` names: the TABLE of an index that is created or a partition that is
    detached; the INDEX, TABLE, SCHEMA or DATABASE of REINDEX; the INDEX that is dropped. `within` is spelled as in
    SQL, a schema or a database as it is. `name` is the bare name of a created index, empty where PostgreSQL chooses
    it, or the partition as in SQL.
    """

    what: Concurrency
    scope: str
    within: str
    name: str = ""


def concurrent_of(sql: str) -> Concurrent | None:
    """What one statement does concurrently; None for any other, a materialized view's refresh included."""
    parsed = parse(Fragment(sql, Source(Path(), sql), 0, len(sql)))
    if len(parsed.statements) != 1:
        return None
    statement = parsed.statements[0]
    node = statement.node
    match statement.kind:
        case "index_stmt" if node.concurrent:
            return Concurrent(Concurrency.CREATE, "TABLE", _spelled(node.relation), node.idxname)
        case "drop_stmt" if node.concurrent:
            return Concurrent(Concurrency.DROP, "INDEX", ".".join(map(quoted, strings(inner(node.objects[0]).items))))
        case "reindex_stmt" if boolean_option(node.params, "concurrently"):
            named = _spelled(node.relation) if node.HasField("relation") else node.name
            return Concurrent(Concurrency.REINDEX, word(node, "kind").removeprefix("REINDEX_OBJECT_"), named)
        case "alter_table_stmt" if word(inner(node.cmds[0]), "subtype") == "AT_DetachPartition":
            detached = definition(inner(node.cmds[0]))
            if detached.concurrent:
                part = _spelled(detached.name)
                return Concurrent(Concurrency.DETACH, "TABLE", _spelled(node.relation), part)
    return None


def _spelled(relation: Any) -> str:
    return ".".join(quoted(part) for part in (relation.schemaname, relation.relname) if part)
