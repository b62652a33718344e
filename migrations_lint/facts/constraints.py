"""Constraints: as a column or a table declares them, and what adding one to an existing table costs."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts.expressions import columns_of, not_immutable, proved_not_null
from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import (
    AddsConstraint,
    Constraint,
    ConstraintKind,
    CreatesIndex,
    Fact,
    Relation,
    Work,
)
from migrations_lint.parse import text_of
from migrations_lint.parse.nodes import strings, word
from migrations_lint.snapshot import Table

_KINDS = {
    "CONSTR_CHECK": ConstraintKind.CHECK,
    "CONSTR_PRIMARY": ConstraintKind.PRIMARY_KEY,
    "CONSTR_UNIQUE": ConstraintKind.UNIQUE,
    "CONSTR_EXCLUSION": ConstraintKind.EXCLUDE,
    "CONSTR_FOREIGN": ConstraintKind.FOREIGN_KEY,
    "CONSTR_NOTNULL": ConstraintKind.NOT_NULL,
}
_SUFFIX = {
    ConstraintKind.CHECK: "check",
    ConstraintKind.UNIQUE: "key",
    ConstraintKind.EXCLUDE: "excl",
    ConstraintKind.FOREIGN_KEY: "fkey",
    ConstraintKind.NOT_NULL: "not_null",
}
_ACTIONS = {"r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
_MAY_BE_UNENFORCED = frozenset({ConstraintKind.CHECK, ConstraintKind.FOREIGN_KEY})  # PostgreSQL 18
INDEXED = frozenset({ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE, ConstraintKind.EXCLUDE})


def read_constraint(node: Any, relation: Relation, scene: Scene, column: str | None = None) -> Constraint | None:
    """A Constraint node as a value; None for those that say nothing of rows (DEFAULT, DEFERRABLE, NULL …).

    `column` is the one that declares it, for a constraint written in a column.
    """
    kind = _KINDS.get(word(node, "contype"))
    if kind is None:
        return None
    columns = _columns(node, kind, column) or _of_index(node.indexname, relation, scene)
    proved: tuple[str, ...] = ()
    if kind is ConstraintKind.CHECK:
        proved = tuple(proved_not_null(node.raw_expr))
    elif kind in {ConstraintKind.NOT_NULL, ConstraintKind.PRIMARY_KEY}:
        proved = columns
    return Constraint(
        name=node.conname or node.indexname or _generated_name(relation, kind, columns),
        kind=kind,
        columns=columns,
        references=scene.relation(node.pktable) if kind is ConstraintKind.FOREIGN_KEY else None,
        referenced_columns=strings(node.pk_attrs) or _primary_key(node, kind, scene),
        valid=not node.skip_validation,
        not_null_columns=proved,
        using_index=node.indexname or None,
        expression=text_of(node.raw_expr) or None,
        not_immutable=not_immutable(node.raw_expr) if kind is ConstraintKind.CHECK else (),
        on_delete=_ACTIONS.get(node.fk_del_action, "NO ACTION"),
        on_update=_ACTIONS.get(node.fk_upd_action, "NO ACTION"),
        deferrable=node.deferrable,
        enforced=node.is_enforced or kind not in _MAY_BE_UNENFORCED,
        inherited=not node.is_no_inherit,
    )


def add_constraint(constraint: Constraint, relation: Relation, scene: Scene, *, only: bool) -> Iterator[Fact]:
    """What ALTER TABLE … ADD CONSTRAINT locks and does.

    Foreign keys take SHARE ROW EXCLUSIVE on both tables, everything else ACCESS EXCLUSIVE. NOT VALID checks no row.
    """
    if constraint.kind is ConstraintKind.FOREIGN_KEY:
        yield from _add_foreign_key(constraint, relation, scene, only=only)
    elif constraint.kind in INDEXED:
        yield from _add_index(constraint, relation, scene, only=only)
    else:
        table = scene.table(relation)
        proved = (
            constraint.kind is ConstraintKind.NOT_NULL
            and table is not None
            and all(table.proves_not_null(column) for column in constraint.columns)
        )
        work = Work.SCAN if constraint.valid and constraint.enforced and not proved else Work.INSTANT
        yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE, work)
        reaches = constraint.inherited or scene.server_version >= 18  # NO INHERIT locked no child before
        for child in scene.schema.children(relation) if reaches and not only else ():
            yield scene.lock(child.relation, LockMode.ACCESS_EXCLUSIVE, work if constraint.inherited else Work.INSTANT)
    yield from declared(constraint, relation, scene)


def _of_index(name: str, relation: Relation, scene: Scene) -> tuple[str, ...]:
    """The columns that a constraint takes over with an index."""
    table = scene.table(relation)
    known = (index.columns for index in table.indexes if name == index.name.name) if table is not None else iter(())
    return next(known, ())


def _add_index(constraint: Constraint, relation: Relation, scene: Scene, *, only: bool) -> Iterator[Fact]:
    """The index is built on the table and on its partitions; tables that inherit only get the NOT NULL of the key.

    Before PostgreSQL 18 partitions were locked in SHARE, as by CREATE INDEX, where no NOT NULL had to reach them.
    """
    table = scene.table(relation)
    needs_not_null = constraint.kind is ConstraintKind.PRIMARY_KEY
    passes_not_null_on = needs_not_null and (table is None or _may_hold_nulls(table, constraint))
    work = Work.INSTANT if constraint.using_index else Work.INDEX_BUILD
    if needs_not_null and constraint.using_index and table is not None and _may_hold_nulls(table, constraint):
        work = Work.SCAN
    yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE, work)
    for child in scene.schema.children(relation) if not only else ():
        inherits = child.partition_of is None
        if not inherits and scene.server_version < 18 and not passes_not_null_on:
            yield scene.lock(child.relation, LockMode.SHARE, work)
            continue
        scanned = Work.SCAN if needs_not_null and _may_hold_nulls(child, constraint) else Work.INSTANT
        yield scene.lock(child.relation, LockMode.ACCESS_EXCLUSIVE, scanned if inherits else work)


def _may_hold_nulls(table: Table, constraint: Constraint) -> bool:
    return not all(table.proves_not_null(column) for column in constraint.columns)


def declared(constraint: Constraint, relation: Relation, scene: Scene, *, inline: bool = False) -> Iterator[Fact]:
    """The schema changes that a constraint brings: itself, and the index behind it."""
    yield AddsConstraint(relation, constraint, inline)
    if constraint.kind in INDEXED and not constraint.using_index:
        index = scene.beside(relation, constraint.name)
        unique = constraint.kind is not ConstraintKind.EXCLUDE
        yield CreatesIndex(relation, index, constraint.columns, unique=unique, concurrently=False, of_constraint=True)


def _add_foreign_key(constraint: Constraint, relation: Relation, scene: Scene, *, only: bool) -> Iterator[Fact]:
    assert constraint.references is not None
    work = Work.SCAN if constraint.valid else Work.INSTANT
    yield from scene.lock_family(relation, LockMode.SHARE_ROW_EXCLUSIVE, work, only=only)
    # Whether the other table is read through or by its index is the planner's choice.
    yield from scene.lock_family(constraint.references, LockMode.SHARE_ROW_EXCLUSIVE, work, assumed=work is Work.SCAN)


def _primary_key(node: Any, kind: ConstraintKind, scene: Scene) -> tuple[str, ...]:
    """What REFERENCES without columns means."""
    table = scene.table(scene.relation(node.pktable)) if kind is ConstraintKind.FOREIGN_KEY else None
    primary = table.primary_key if table is not None else None
    return primary.columns if primary is not None else ()


def _columns(node: Any, kind: ConstraintKind, column: str | None) -> tuple[str, ...]:
    if column is not None and kind is not ConstraintKind.CHECK:
        return (column,)
    if kind is ConstraintKind.CHECK:
        return columns_of(node.raw_expr)
    if kind is ConstraintKind.FOREIGN_KEY:
        return strings(node.fk_attrs)
    if kind is ConstraintKind.EXCLUDE:
        return columns_of(node)
    return strings(node.keys)


def _generated_name(relation: Relation, kind: ConstraintKind, columns: tuple[str, ...]) -> str:
    """PostgreSQL's own choice, as ChooseConstraintName makes it where nothing of that name exists."""
    if kind is ConstraintKind.PRIMARY_KEY:
        return f"{relation.name}_pkey"
    named = columns[:1] if kind is ConstraintKind.CHECK and len(columns) == 1 else columns
    named = () if kind is ConstraintKind.CHECK and len(columns) > 1 else named
    return "_".join([relation.name, *named, _SUFFIX[kind]])
