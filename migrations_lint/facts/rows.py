"""SELECT, INSERT, UPDATE, DELETE, MERGE, COPY and TRUNCATE: what touches rows."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.expressions import columns_of, sequences_of
from migrations_lint.facts.parameters import set_by_call
from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import (
    Fact,
    LockFact,
    Relation,
    RelationKind,
    RowChange,
    Unknown,
    Work,
)
from migrations_lint.parse import text_of
from migrations_lint.parse.nodes import inner, kind_of, strings, walk, word

_COMMANDS = {"InsertStmt": "INSERT", "UpdateStmt": "UPDATE", "DeleteStmt": "DELETE", "MergeStmt": "MERGE"}


@derives("select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt")
def rows(node: Any, scene: Scene) -> Iterator[Fact]:
    """ACCESS SHARE on what is read, ROW SHARE for FOR UPDATE, ROW EXCLUSIVE on what is changed."""
    yield from _rows(node, scene)


def _rows(node: Any, scene: Scene) -> Iterator[Fact]:
    changed: list[Relation] = []
    for message in walk(node):
        command = _COMMANDS.get(message.DESCRIPTOR.name)
        if command is None:
            continue
        relation = scene.relation(message.relation)
        changed.append(relation)
        yield from _changed(relation, command, scene)
        yield _row_change(relation, command, message)
    yield from _row_locks(node, scene)
    yield from reads_of(node, scene, scans=True, besides=tuple(changed))
    for message in walk(node):
        if message.DESCRIPTOR.name == "FuncCall":
            yield from _of_call(message, scene)


def _row_change(relation: Relation, command: str, node: Any) -> RowChange:
    if command == "MERGE":
        return RowChange(relation, command, bounded=True, from_query=True)
    if command == "INSERT":
        query = inner(node.select_stmt) if node.HasField("select_stmt") else None
        values = len(query.values_lists) if query is not None else 0
        return RowChange(
            relation,
            command,
            bounded=True,
            columns=tuple(inner(target).name for target in node.cols) or None,
            from_query=query is not None and not values,
            star=query is not None and any(_is_star(target) for target in query.target_list),
            rows=values,
        )
    where = node.where_clause if node.HasField("where_clause") else None
    return RowChange(
        relation,
        command,
        bounded=where is not None and not _is_always_true(where),
        columns=tuple(inner(target).name for target in node.target_list) if command == "UPDATE" else (),
        where_columns=columns_of(where) if where is not None else (),
        from_query=bool(node.from_clause if command == "UPDATE" else node.using_clause),
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


def reads_of(node: Any, scene: Scene, *, scans: bool, besides: tuple[Relation, ...] = ()) -> Iterator[LockFact]:
    """ACCESS SHARE on every relation that a query names, and on what its views read."""
    names = {message.ctename for message in walk(node) if message.DESCRIPTOR.name == "CommonTableExpr"}
    work = Work.SCAN if scans else Work.INSTANT
    for message in walk(node):
        if message.DESCRIPTOR.name != "RangeVar" or (not message.schemaname and message.relname in names):
            continue
        relation = scene.relation(message)
        if relation.schema in {"pg_catalog", "information_schema"} or relation in besides:
            continue
        yield from scene.lock_family(relation, LockMode.ACCESS_SHARE, work)
        yield from _behind_view(relation, scene, work)


def _behind_view(relation: Relation, scene: Scene, work: Work) -> Iterator[LockFact]:
    table = scene.table(relation)
    if table is not None and table.kind is RelationKind.VIEW:
        for read in table.reads:
            yield from scene.lock_family(read, LockMode.ACCESS_SHARE, work)
            yield from _behind_view(read, scene, work)


def _row_locks(node: Any, scene: Scene) -> Iterator[LockFact]:
    for message in walk(node):
        if message.DESCRIPTOR.name == "SelectStmt" and message.locking_clause:
            named = {inner(r).relname for c in map(inner, message.locking_clause) for r in c.locked_rels}
            for table in (inner(item) for item in message.from_clause):
                if table.DESCRIPTOR.name == "RangeVar":
                    alias = table.alias.aliasname or table.relname
                    if not named or alias in named:
                        yield scene.lock(scene.relation(table), LockMode.ROW_SHARE, Work.SCAN)


def _changed(relation: Relation, command: str, scene: Scene) -> Iterator[LockFact]:
    """ROW EXCLUSIVE; an INSERT also draws from sequences and looks up what its foreign keys point to.

    Which partitions an INSERT reaches, and which columns it fills, only the rows tell: those locks are assumed.
    """
    if command != "INSERT":
        yield from scene.lock_family(relation, LockMode.ROW_EXCLUSIVE, Work.ROW_CHANGE)
        return
    yield scene.lock(relation, LockMode.ROW_EXCLUSIVE, Work.ROW_CHANGE)
    for child in scene.schema.children(relation):
        if child.partition_of is not None:
            yield scene.lock(child.relation, LockMode.ROW_EXCLUSIVE, Work.ROW_CHANGE, assumed=True)
    for sequence in scene.schema.owned_sequences(relation):
        yield scene.lock(sequence.relation, LockMode.ROW_EXCLUSIVE, assumed=True)
    table = scene.table(relation)
    for constraint in table.constraints.values() if table else ():
        if constraint.references is not None:
            yield scene.lock(constraint.references, LockMode.ROW_SHARE, assumed=True)


def _of_call(call: Any, scene: Scene) -> Iterator[Fact]:
    name = strings(call.funcname)[-1]
    if name == "set_config":
        yield from set_by_call(call)
    if name in {"nextval", "setval", "currval"}:
        for sequence in sequences_of(call):
            schema, _, bare = sequence.rpartition(".")
            relation = Relation(schema or scene.search_path[0], bare)
            mode = LockMode.ROW_EXCLUSIVE if name != "currval" else LockMode.ACCESS_SHARE
            yield scene.lock(relation, mode)


@derives("copy_stmt")
def copy(node: Any, scene: Scene) -> Iterator[Fact]:
    """COPY FROM writes (ROW EXCLUSIVE), COPY TO reads (ACCESS SHARE)."""
    if not node.HasField("relation"):
        yield from _rows(node.query, scene)
        return
    relation = scene.relation(node.relation)
    if node.is_from:
        yield from _changed(relation, "INSERT", scene)
        yield RowChange(relation, "COPY", bounded=True, columns=strings(node.attlist) or None)
    else:
        yield scene.lock(relation, LockMode.ACCESS_SHARE, Work.SCAN)


@derives("truncate_stmt")
def truncate(node: Any, scene: Scene) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE and a new, empty file for each table; CASCADE goes on to those with foreign keys here."""
    queue = [scene.relation(inner(relation)) for relation in node.relations]
    named, cascade = tuple(queue), word(node, "behavior") == "DROP_CASCADE"
    seen: list[Relation] = []
    while queue:
        relation = queue.pop(0)
        if relation in seen:
            continue
        seen.append(relation)
        yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, Work.ROW_CHANGE)
        yield RowChange(relation, "TRUNCATE", bounded=False, along=relation not in named, cascade=cascade)
        if cascade:
            queue += [table.relation for table, _ in scene.schema.foreign_keys_to(relation)]
        if node.restart_seqs:
            for sequence in scene.schema.owned_sequences(relation):
                yield scene.lock(sequence.relation, LockMode.ACCESS_EXCLUSIVE)


@derives("do_stmt", "call_stmt", "execute_stmt")
def hidden(node: Any, scene: Scene) -> Iterator[Fact]:
    """Code that this version does not look into."""
    yield Unknown("what the code inside does cannot be told from here")
