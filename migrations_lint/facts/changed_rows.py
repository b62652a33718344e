"""Rows that a statement changes: the lock on their table, and on what keys, partitions and triggers drag along."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts.calls import trigger_calls
from migrations_lint.facts.expressions import columns_of
from migrations_lint.facts.queries import may_be_pruned
from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import Constraint, Fact, Relation, RelationKind, RowChange, Work
from migrations_lint.parse import text_of
from migrations_lint.parse.nodes import by_kind, inner, kind_of, strings
from migrations_lint.snapshot import Table

_PASSED_ON = frozenset({"CASCADE", "SET NULL", "SET DEFAULT"})


def change_rows(
    relation: Relation, command: str, node: Any, scene: Scene, seen: frozenset[Relation] = frozenset()
) -> Iterator[Fact]:
    """ROW EXCLUSIVE on the table, its partitions and children, and on the table behind a view.

    Which partitions an INSERT reaches, which keys have to be looked up, which triggers fire, only the rows tell:
    those locks are assumed. `seen` are the views that it came through.
    """
    only = not node.relation.inh
    table = scene.table(relation)
    if command == "INSERT":
        yield scene.lock(relation, LockMode.ROW_EXCLUSIVE, Work.ROW_CHANGE)
        for child in scene.schema.children(relation):
            if child.partition_of is not None:
                yield scene.lock(child.relation, LockMode.ROW_EXCLUSIVE, Work.ROW_CHANGE, assumed=True)
        for sequence in scene.schema.owned_sequences(relation):
            yield scene.lock(sequence.relation, LockMode.ROW_EXCLUSIVE, assumed=True)
    else:
        yield scene.lock(relation, LockMode.ROW_EXCLUSIVE, Work.ROW_CHANGE)
        pruned = table is not None and bool(table.partition_key) and may_be_pruned(by_kind(node), table)
        for child in scene.schema.children(relation) if not only else ():
            yield scene.lock(child.relation, LockMode.ROW_EXCLUSIVE, Work.ROW_CHANGE, assumed=pruned)
    yield from trigger_calls(relation, command, scene)
    if table is None:
        return
    if table.kind is RelationKind.VIEW:
        for read in table.reads:
            if read not in seen:
                yield from change_rows(read, command, node, scene, seen | {relation, *table.reads})
        return
    yield from _ancestors(table, scene)
    yield from _keys(table, command, node, scene)


def _ancestors(table: Table, scene: Scene) -> Iterator[Fact]:
    """A row written to a partition is held against its bound, which the parents know; a session asks them once."""
    seen = {table.relation}
    while table.partition_of is not None and table.partition_of not in seen:
        seen.add(table.partition_of)
        yield scene.lock(table.partition_of, LockMode.ACCESS_SHARE, assumed=True)
        parent = scene.table(table.partition_of)
        if parent is None:
            return
        table = parent


def _keys(table: Table, command: str, node: Any, scene: Scene) -> Iterator[Fact]:
    """ROW SHARE where a key is looked up, ROW EXCLUSIVE on tables to which a change of it is passed on.

    The keys of a row that the same transaction has written are looked up whatever an UPDATE sets, for the check of
    what was written before is then left to it (RI_FKey_fk_upd_check_required, PostgreSQL 18).
    """
    written = _written(command, node)
    if command != "DELETE":
        looked_up = None if table.relation in scene.written else written
        for constraint in table.constraints.values():
            if constraint.references is not None and (looked_up is None or looked_up & set(constraint.columns)):
                yield from scene.lock_family(constraint.references, LockMode.ROW_SHARE, assumed=True)
    if command == "INSERT":
        return
    for other, key in scene.schema.foreign_keys_to(table.relation):
        if written is None or written & set(scene.schema.columns_referenced(key)):
            yield from _passed_on(other, key, command, scene, (table.relation,))


def _written(command: str, node: Any) -> set[str] | None:
    """The columns that an INSERT lists or an UPDATE sets; None where it may be any."""
    match command:
        case "UPDATE":
            return {inner(target).name for target in node.target_list}
        case "INSERT" if node.DESCRIPTOR.name == "InsertStmt" and node.cols:
            return {inner(target).name for target in node.cols}
        case _:
            return None


def _passed_on(
    other: Table, key: Constraint, command: str, scene: Scene, above: tuple[Relation, ...]
) -> Iterator[Fact]:
    action = key.on_delete if command == "DELETE" else key.on_update
    if action not in _PASSED_ON:
        yield from scene.lock_family(other.relation, LockMode.ROW_SHARE, assumed=True)
        return
    yield from scene.lock_family(other.relation, LockMode.ROW_EXCLUSIVE, Work.ROW_CHANGE, assumed=True)
    yield from trigger_calls(other.relation, "DELETE" if action == "CASCADE" == command else "UPDATE", scene)
    if action == "CASCADE" and other.relation not in above:
        for further, next_key in scene.schema.foreign_keys_to(other.relation):
            yield from _passed_on(further, next_key, command, scene, (*above, other.relation))


def row_change(relation: Relation, command: str, node: Any) -> RowChange:
    """What an INSERT, UPDATE, DELETE or MERGE says of the rows it changes."""
    if command == "MERGE":
        return RowChange(relation, command, bounded=True, from_query=True)
    if command == "INSERT":
        return _insert(relation, node)
    where = node.where_clause if node.HasField("where_clause") else None
    return RowChange(
        relation,
        command,
        bounded=where is not None and not _is_always_true(where),
        columns=tuple(inner(target).name for target in node.target_list) if command == "UPDATE" else (),
        where_columns=columns_of(where) if where is not None else (),
        from_query=bool(node.from_clause if command == "UPDATE" else node.using_clause),
    )


def _insert(relation: Relation, node: Any) -> RowChange:
    query = inner(node.select_stmt) if node.HasField("select_stmt") else None
    values = len(query.values_lists) if query is not None else 0
    return RowChange(
        relation,
        "INSERT",
        bounded=True,
        columns=tuple(inner(target).name for target in node.cols) or None,
        from_query=query is not None and not values,
        star=query is not None and any(_is_star(target) for target in query.target_list),
        rows=values,
    )


def _is_star(target: Any) -> bool:
    value = inner(target).val
    return kind_of(value) == "ColumnRef" and any(kind_of(field) == "A_Star" for field in inner(value).fields)


def _is_always_true(where: Any) -> bool:
    """`true`, `1 = 1` and the like: a condition that names no column and calls nothing."""
    message = inner(where)
    if kind_of(where) == "A_Const":
        return bool(message.boolval.boolval)
    if kind_of(where) == "A_Expr" and strings(message.name) == ("=",):
        sides = (message.lexpr, message.rexpr)
        return all(kind_of(side) == "A_Const" for side in sides) and text_of(sides[0]) == text_of(sides[1])
    return False
