"""SELECT, INSERT, UPDATE, DELETE, MERGE, COPY and TRUNCATE: what touches rows."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.calls import calls_in
from migrations_lint.facts.changed_rows import change_rows, row_change
from migrations_lint.facts.queries import reads_of, row_locks
from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import CreatesRelation, Fact, Relation, RelationKind, RowChange, Work
from migrations_lint.parse.nodes import by_kind, inner, option_text, strings, word

COMMANDS = {"InsertStmt": "INSERT", "UpdateStmt": "UPDATE", "DeleteStmt": "DELETE", "MergeStmt": "MERGE"}


@derives("select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt")
def rows(node: Any, scene: Scene) -> Iterator[Fact]:
    """ACCESS SHARE on what is read, ROW SHARE for FOR UPDATE, ROW EXCLUSIVE on what is changed."""
    parts = by_kind(node)
    changed: list[Relation] = []
    for kind, command in COMMANDS.items():
        for message in parts.get(kind, ()):
            relation = scene.relation(message.relation)
            changed.append(relation)
            yield from change_rows(relation, command, message, scene)
            yield row_change(relation, command, message)
    yield from _made_by_into(node, scene)
    yield from row_locks(parts, scene)
    yield from reads_of(parts, scene, scans=True, besides=tuple(changed))
    yield from calls_in(node, parts, scene)


def _made_by_into(node: Any, scene: Scene) -> Iterator[Fact]:
    """SELECT … INTO makes a table, as CREATE TABLE AS does."""
    if node.DESCRIPTOR.name == "SelectStmt" and node.HasField("into_clause"):
        made = scene.relation(node.into_clause.rel)
        yield scene.new(made, RelationKind.TABLE)
        unlogged = node.into_clause.rel.relpersistence == "u"
        yield CreatesRelation(made, RelationKind.TABLE, complete=False, from_query=True, unlogged=unlogged)


@derives("copy_stmt")
def copy(node: Any, scene: Scene) -> Iterator[Fact]:
    """COPY FROM writes (ROW EXCLUSIVE), COPY TO reads (ACCESS SHARE)."""
    if not node.HasField("relation"):
        yield from rows(inner(node.query), scene)
        return
    relation = scene.relation(node.relation)
    if node.is_from:
        yield from change_rows(relation, "INSERT", node, scene)
        yield RowChange(relation, "COPY", bounded=True, columns=strings(node.attlist) or None)
    else:
        yield scene.lock(relation, LockMode.ACCESS_SHARE, Work.SCAN)


@derives("truncate_stmt")
def truncate(node: Any, scene: Scene) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE and a new, empty file for each table; CASCADE goes on to those with foreign keys here."""
    named = {scene.relation(inner(target)): not inner(target).inh for target in node.relations}
    cascade = word(node, "behavior") == "DROP_CASCADE"
    queue, seen = list(named), list[Relation]()
    while queue:
        relation = queue.pop(0)
        if relation in seen:
            continue
        seen.append(relation)
        yield from _emptied(relation, scene, only=named.get(relation, False))
        yield RowChange(relation, "TRUNCATE", bounded=False, along=relation not in named, cascade=cascade)
        if cascade:
            queue += [table.relation for table, _ in scene.schema.foreign_keys_to(relation)]
        for sequence in scene.schema.owned_sequences(relation) if node.restart_seqs else ():
            yield scene.lock(sequence.relation, LockMode.ACCESS_EXCLUSIVE)


def _emptied(relation: Relation, scene: Scene, *, only: bool) -> Iterator[Fact]:
    for lock in scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, Work.ROW_CHANGE, only=only):
        partitioned = lock.relation_kind is RelationKind.PARTITIONED_TABLE  # no storage, nothing to empty
        yield scene.lock(lock.relation, lock.mode, Work.INSTANT) if partitioned else lock


@derives("explain_stmt")
def explain(node: Any, scene: Scene) -> Iterator[Fact]:
    """The locks of the statement that it plans; ANALYZE carries it out."""
    query = inner(node.query)
    carried_out = any(
        option.defname == "analyze" and option_text(option) not in {"false", "off", "0"}
        for option in map(inner, node.options)
    )
    yield from rows(query, scene) if carried_out else planned(query, scene)


@derives("prepare_stmt", "declare_cursor_stmt")
def prepare(node: Any, scene: Scene) -> Iterator[Fact]:
    """The locks of the statement, nothing of whose work is done yet."""
    yield from planned(inner(node.query), scene)


def planned(query: Any, scene: Scene, besides: tuple[Relation, ...] = ()) -> Iterator[Fact]:
    """What analysing and planning a statement locks, without running it; `besides` are those locked already."""
    parts = by_kind(query)
    changed = list(besides)
    for message in (message for kind in COMMANDS for message in parts.get(kind, ())):
        relation = scene.relation(message.relation)
        changed.append(relation)
        yield from scene.lock_family(relation, LockMode.ROW_EXCLUSIVE, only=not message.relation.inh)
    yield from row_locks(parts, scene)
    yield from reads_of(parts, scene, scans=False, besides=tuple(changed))
