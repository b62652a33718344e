"""CREATE INDEX and DROP INDEX."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.in_place import index_in_place
from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import (
    CreatesIndex,
    DropsIndex,
    Fact,
    NeedsNoTransaction,
    Relation,
    RelationKind,
    Unknown,
    Work,
)
from migrations_lint.parse import text_of
from migrations_lint.parse.nodes import inner, kind_of, strings, word


@derives("index_stmt")
def create_index(node: Any, scene: Scene) -> Iterator[Fact]:
    """SHARE on the table and its partitions while the index is built; CONCURRENTLY takes SHARE UPDATE EXCLUSIVE.

    IF NOT EXISTS takes the lock before it looks, and then builds nothing.
    """
    relation = scene.relation(node.relation)
    elements = [inner(element) for element in node.index_params]
    index = scene.beside(relation, node.idxname or _generated_name(relation, node))
    owner = scene.schema.table_of_index(index) if node.if_not_exists else None
    work = Work.INSTANT if owner is not None else Work.INDEX_BUILD
    if node.concurrent:
        yield NeedsNoTransaction("CREATE INDEX CONCURRENTLY")
    mode = LockMode.SHARE_UPDATE_EXCLUSIVE if node.concurrent else LockMode.SHARE
    yield from scene.lock_partitions(relation, mode, work, only=not node.relation.inh)
    made = CreatesIndex(
        relation,
        index,
        tuple(element.name or f"({text_of(element.expr)})" for element in elements),
        node.unique,
        node.concurrent,
        node.if_not_exists,
        method=node.access_method or "btree",
        predicate=text_of(node.where_clause) or None,
        included=tuple(inner(element).name for element in node.index_including_params),
        plain=all(_is_plain(element) for element in elements),
        only=not node.relation.inh,
    )
    if owner is not None:
        yield from index_in_place(owner, made)
    else:
        yield made


def _is_plain(element: Any) -> bool:
    return (
        not element.opclass
        and not element.collation
        and word(element, "ordering") in {"SORTBY_DEFAULT", "SORTBY_ASC"}
        and word(element, "nulls_ordering") == "SORTBY_NULLS_DEFAULT"
    )


def _generated_name(relation: Relation, node: Any) -> str:
    """PostgreSQL's own choice (`ChooseIndexName`), where nothing of that name exists and nothing is too long."""
    elements = [inner(element) for element in (*node.index_params, *node.index_including_params)]
    names = [element.name or _expression_name(element.expr) for element in elements]
    return "_".join([relation.name, *names, "idx"])


def _expression_name(expression: Any) -> str:
    message = inner(expression)
    match kind_of(expression):
        case "FuncCall":
            return strings(message.funcname)[-1]
        case "ColumnRef":
            return strings(message.fields)[-1]
        case "TypeCast" | "CollateClause":
            return _expression_name(message.arg)
        case _:
            return "expr"


def drop_index(index: Relation, node: Any, scene: Scene) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on the index's table; CONCURRENTLY takes SHARE UPDATE EXCLUSIVE."""
    table = scene.schema.table_of_index(index)
    cascade = word(node, "behavior") == "DROP_CASCADE"
    if node.concurrent:
        yield NeedsNoTransaction("DROP INDEX CONCURRENTLY")
    mode = LockMode.SHARE_UPDATE_EXCLUSIVE if node.concurrent else LockMode.ACCESS_EXCLUSIVE
    if table is None:
        if not node.missing_ok:
            yield Unknown(f"the table of index {index} is not known")
        yield DropsIndex(index, None, node.concurrent, node.missing_ok, cascade)
        return
    partitioned = table.kind is RelationKind.PARTITIONED_TABLE
    yield from scene.lock_family(table.relation, mode, only=not partitioned)
    known = next(known for known in table.indexes if known.name == index)
    yield DropsIndex(index, table.relation, node.concurrent, node.missing_ok, cascade, known.columns, known.predicate)
