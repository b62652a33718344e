"""CREATE TABLE, VIEW, MATERIALIZED VIEW, SEQUENCE, and CREATE TABLE AS."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.columns import Declared, read_column
from migrations_lint.facts.constraints import declared, read_constraint
from migrations_lint.facts.expressions import columns_in
from migrations_lint.facts.in_place import table_in_place
from migrations_lint.facts.partitions import bound_text, new_partition
from migrations_lint.facts.queries import reads_of
from migrations_lint.facts.scene import Scene
from migrations_lint.facts.types import type_text
from migrations_lint.locks import LockMode
from migrations_lint.model import (
    ChangesSequence,
    Column,
    Constraint,
    ConstraintKind,
    CreatesIndex,
    CreatesRelation,
    Fact,
    LockFact,
    Relation,
    RelationKind,
)
from migrations_lint.parse import text_of
from migrations_lint.parse.nodes import Parts, by_kind, inner, kind_of, strings, word

_LIKE_DEFAULTS = 1 << 3  # CREATE_TABLE_LIKE_DEFAULTS in parsenodes.h


@derives("create_foreign_table_stmt")
def create_foreign_table(node: Any, scene: Scene) -> Iterator[Fact]:
    """As for a table; its rows live elsewhere."""
    for fact in create_table(node.base_stmt, scene):
        if isinstance(fact, LockFact) and fact.created_here and fact.relation_kind is RelationKind.TABLE:
            yield replace(fact, relation_kind=RelationKind.FOREIGN_TABLE)
        elif isinstance(fact, CreatesRelation) and fact.kind is RelationKind.TABLE:
            yield replace(fact, kind=RelationKind.FOREIGN_TABLE)
        else:
            yield fact


@derives("create_stmt")
def create_table(node: Any, scene: Scene) -> Iterator[Fact]:
    """The new table, its sequences, and SHARE ROW EXCLUSIVE on every table that a foreign key points to.

    A partition takes ACCESS EXCLUSIVE on its parent, and scans the default partition under the same lock.
    """
    relation = scene.relation(node.relation)
    if node.if_not_exists and (known := scene.table(relation)) is not None:
        wanted = [read_column(inner(e), relation, scene) for e in node.table_elts if kind_of(e) == "ColumnDef"]
        yield from table_in_place(known, [one.column for one in wanted])
        return  # PostgreSQL finds the name taken before it locks anything
    parents = tuple(scene.relation(inner(parent)) for parent in node.inh_relations)
    is_partition = node.HasField("partbound")
    kind = RelationKind.PARTITIONED_TABLE if node.HasField("partspec") else RelationKind.TABLE
    columns = [read_column(inner(e), relation, scene) for e in node.table_elts if kind_of(e) == "ColumnDef"]
    constraints = _constraints(node, columns, relation, scene)
    yield scene.new(relation, kind)
    yield from _sequences(columns, relation, scene)
    yield from _copied(node, scene)
    for parent in parents:
        yield from _under(parent, scene, is_partition=is_partition, is_default=node.partbound.is_default)
    for constraint in constraints:
        if constraint.references not in {None, relation}:
            assert constraint.references is not None
            yield from scene.lock_family(constraint.references, LockMode.SHARE_ROW_EXCLUSIVE)
    inherited, complete = _inherited(node, parents, scene)
    yield CreatesRelation(
        relation,
        kind,
        columns=inherited + tuple(read.column for read in columns),
        constraints=constraints,
        if_not_exists=node.if_not_exists,
        may_exist=node.if_not_exists and not scene.schema.tables,
        partition_of=parents[0] if is_partition else None,
        inherits=() if is_partition else parents,
        is_default_partition=node.partbound.is_default,
        complete=complete,
        unlogged=node.relation.relpersistence == "u",
        partition_key=_partition_key(node),
        bound=bound_text(node.partbound) if is_partition else None,
    )
    for constraint in constraints:
        yield from (fact for fact in declared(constraint, relation, scene) if isinstance(fact, CreatesIndex))


def _constraints(node: Any, columns: list[Declared], relation: Relation, scene: Scene) -> tuple[Constraint, ...]:
    found = [constraint for read in columns for constraint in read.constraints]
    for element in node.table_elts:
        if kind_of(element) == "Constraint":
            constraint = read_constraint(inner(element), relation, scene)
            found += [constraint] if constraint is not None else []
    # A new table has no rows, so PostgreSQL marks even NOT VALID constraints as valid.
    return tuple(_valid(constraint) for constraint in found if constraint.kind is not ConstraintKind.NOT_NULL)


def _valid(constraint: Constraint) -> Constraint:
    return replace(constraint, valid=True)


def _sequences(columns: list[Declared], relation: Relation, scene: Scene) -> Iterator[Fact]:
    for read in columns:
        if read.sequence is not None:
            yield scene.new(read.sequence, RelationKind.SEQUENCE)
            yield CreatesRelation(read.sequence, RelationKind.SEQUENCE, owned_by=(relation, read.column.name))


def _copied(node: Any, scene: Scene) -> Iterator[Fact]:
    for element in node.table_elts:
        if kind_of(element) == "TableLikeClause":
            source = scene.relation(inner(element).relation)
            yield scene.lock(source, LockMode.ACCESS_SHARE)
            if inner(element).options & _LIKE_DEFAULTS and scene.server_version >= 18:
                for sequence in scene.schema.owned_sequences(source):  # seen on 18, not on 12 to 17
                    yield scene.lock(sequence.relation, LockMode.ACCESS_SHARE)


def _under(parent: Relation, scene: Scene, *, is_partition: bool, is_default: bool) -> Iterator[Fact]:
    if is_partition:
        yield from new_partition(parent, scene, is_default=is_default)
    else:
        yield scene.lock(parent, LockMode.SHARE_UPDATE_EXCLUSIVE)


def _inherited(node: Any, parents: tuple[Relation, ...], scene: Scene) -> tuple[tuple[Column, ...], bool]:
    """The columns that come from parents, from LIKE, and whether all of them are known."""
    likes = [inner(element) for element in node.table_elts if kind_of(element) == "TableLikeClause"]
    tables = [scene.table(parent) for parent in parents]
    columns = [column for table in tables if table for column in table.columns.values()]
    for like in likes:
        tables.append(source := scene.table(scene.relation(like.relation)))
        with_defaults = bool(like.options & _LIKE_DEFAULTS)
        columns += [_copy(column, with_defaults=with_defaults) for column in source.columns.values()] if source else []
    complete = all(table is not None and table.complete for table in tables)
    return tuple(columns), complete and not node.HasField("of_typename")


def _copy(column: Column, *, with_defaults: bool) -> Column:
    copied = replace(column, identity=False, serial=False, generated=None)
    return copied if with_defaults else replace(copied, default=None, volatile_default=False)


def _partition_key(node: Any) -> tuple[str, ...]:
    elements = [inner(element) for element in node.partspec.part_params] if node.HasField("partspec") else []
    return tuple(element.name or f"({text_of(element.expr)})" for element in elements)


@derives("create_table_as_stmt")
def create_table_as(node: Any, scene: Scene) -> Iterator[Fact]:
    """A new table or materialized view, filled from a query that takes ACCESS SHARE on what it reads."""
    relation = scene.relation(node.into.rel)
    if node.if_not_exists and scene.table(relation) is not None:
        return
    is_view = word(node, "objtype") == "OBJECT_MATVIEW"
    kind = RelationKind.MATERIALIZED_VIEW if is_view else RelationKind.TABLE
    parts = by_kind(node.query)
    reads = list(reads_of(parts, scene, scans=not node.into.skip_data))
    yield scene.new(relation, kind)
    yield from reads
    over = tuple(dict.fromkeys(lock.relation for lock in reads)) if is_view else ()
    yield CreatesRelation(
        relation,
        kind,
        complete=False,
        if_not_exists=node.if_not_exists,
        may_exist=node.if_not_exists and not scene.schema.tables,
        reads=over,
        mentions=_mentions(parts) if is_view else (),
        from_query=not node.into.skip_data,
        unlogged=node.into.rel.relpersistence == "u",
    )


def _mentions(parts: Parts) -> tuple[str, ...]:
    return (*(("*",) if "A_Star" in parts else ()), *columns_in(parts))


@derives("view_stmt")
def create_view(node: Any, scene: Scene) -> Iterator[Fact]:
    """ACCESS SHARE on what the view reads; replacing one takes ACCESS EXCLUSIVE on it."""
    relation = scene.relation(node.view)
    parts = by_kind(node.query)
    of_query = {message.ctename for message in parts.get("CommonTableExpr", ())}
    named = [
        scene.relation(message)
        for message in parts.get("RangeVar", ())
        if message.schemaname or message.relname not in of_query
    ]
    for read in dict.fromkeys(named):
        yield scene.lock(read, LockMode.ACCESS_SHARE)
    if scene.table(relation) is not None:
        yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE)
    else:
        yield scene.new(relation, RelationKind.VIEW)
    yield CreatesRelation(
        relation,
        RelationKind.VIEW,
        reads=tuple(dict.fromkeys(named)),
        complete=False,
        or_replace=node.replace,
        mentions=_mentions(parts),
    )


@derives("create_seq_stmt")
def create_sequence(node: Any, scene: Scene) -> Iterator[Fact]:
    """A new sequence; OWNED BY takes ACCESS SHARE on the owner's table."""
    relation = scene.relation(node.sequence)
    if node.if_not_exists and scene.table(relation) is not None:
        return
    yield scene.new(relation, RelationKind.SEQUENCE)
    owner = owner_of(node.options, scene)
    if owner is not None:
        yield scene.lock(owner[0], LockMode.ACCESS_SHARE)
    yield CreatesRelation(
        relation,
        RelationKind.SEQUENCE,
        if_not_exists=node.if_not_exists,
        may_exist=node.if_not_exists and not scene.schema.tables,
        owned_by=owner,
        data_type=_data_type(node.options),
    )


@derives("alter_seq_stmt")
def alter_sequence(node: Any, scene: Scene) -> Iterator[Fact]:
    """SHARE ROW EXCLUSIVE on the sequence; OWNED BY takes ACCESS SHARE on the new owner's table."""
    relation = scene.relation(node.sequence)
    yield scene.lock(relation, LockMode.SHARE_ROW_EXCLUSIVE)
    owner = owner_of(node.options, scene)
    if owner is not None:
        yield scene.lock(owner[0], LockMode.ACCESS_SHARE)
        yield CreatesRelation(relation, RelationKind.SEQUENCE, owned_by=owner)
    options = tuple(inner(option).defname for option in node.options)
    yield ChangesSequence(relation, options, _data_type(node.options))


def _data_type(options: Any) -> str | None:
    for option in map(inner, options):
        if option.defname == "as":
            return type_text(inner(option.arg))
    return None


def owner_of(options: Any, scene: Scene) -> tuple[Relation, str] | None:
    """The table and column that OWNED BY names; None for OWNED BY NONE."""
    for option in map(inner, options):
        if option.defname == "owned_by":
            names = strings(inner(option.arg).items)
            if len(names) >= 2:
                schema = names[-3] if len(names) > 2 else ""
                owner = Relation(schema, names[-2]) if schema else scene.relation_of(inner(option.arg).items[:-1])
                return owner, names[-1]
    return None
