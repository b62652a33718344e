"""The sub-commands of ALTER TABLE that are about one constraint."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts.constraints import add_constraint as _added
from migrations_lint.facts.constraints import read_constraint
from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import (
    ChangesConstraint,
    ConstraintKind,
    DropsConstraint,
    Fact,
    Relation,
    RelationKind,
    ValidatesConstraint,
    Work,
)
from migrations_lint.parse.nodes import definition, word


def add_constraint(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """What `constraints.add_constraint` says; attributes such as DEFERRABLE are part of the constraint."""
    constraint = read_constraint(definition(command), relation, scene)
    if constraint is not None:
        yield from _added(constraint, relation, scene, only=only)


def validate_constraint(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """SHARE UPDATE EXCLUSIVE with a scan; ROW SHARE on the table that a foreign key points to."""
    table = scene.table(relation)
    constraint = table.constraints.get(command.name) if table else None
    work = Work.INSTANT if constraint is not None and constraint.valid else Work.SCAN
    if constraint is not None and constraint.kind is ConstraintKind.FOREIGN_KEY and constraint.references:
        only = only or (table is not None and table.kind is not RelationKind.PARTITIONED_TABLE)
        if work is Work.SCAN:
            yield scene.lock(constraint.references, LockMode.ROW_SHARE, work)
    yield from scene.lock_family(relation, LockMode.SHARE_UPDATE_EXCLUSIVE, work, only=only)
    yield ValidatesConstraint(relation, command.name)


def drop_constraint(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE; a foreign key's also on the table it points to, a key's CASCADE on those that point here."""
    table = scene.table(relation)
    constraint = table.constraints.get(command.name) if table else None
    cascade = word(command, "behavior") == "DROP_CASCADE"
    if constraint is None:
        yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, only=only, assumed=True)
        yield DropsConstraint(relation, command.name, cascade, command.missing_ok)
        return
    yield from scene.lock_family(relation, LockMode.ACCESS_EXCLUSIVE, only=only)
    if constraint.references is not None:
        yield from scene.lock_family(constraint.references, LockMode.ACCESS_EXCLUSIVE)
    if cascade:
        for other, key in scene.schema.foreign_keys_to(relation):
            if set(scene.schema.columns_referenced(key) or constraint.columns) == set(constraint.columns):
                yield from scene.lock_family(other.relation, LockMode.ACCESS_EXCLUSIVE)
                yield DropsConstraint(other.relation, key.name, along=True)
    yield DropsConstraint(relation, command.name, cascade, command.missing_ok, constraint=constraint)


def alter_constraint(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on the table, for NOT ENFORCED also on the other side of a foreign key.

    What becomes enforced is checked against every row (PostgreSQL 18, ALTER TABLE, ALTER CONSTRAINT).
    """
    changed = definition(command)
    table = scene.table(relation)
    constraint = table.constraints.get(changed.conname) if table else None
    checks_rows = changed.alter_enforceability and changed.is_enforced and not (constraint and constraint.enforced)
    yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE, Work.SCAN if checks_rows else Work.INSTANT)
    if changed.alter_enforceability and constraint is not None and constraint.references is not None:
        if changed.is_enforced:  # triggers are made there, and rows looked up
            yield scene.lock(constraint.references, LockMode.SHARE_ROW_EXCLUSIVE, Work.SCAN, assumed=True)
        else:
            yield scene.lock(constraint.references, LockMode.ACCESS_EXCLUSIVE)
    yield ChangesConstraint(
        relation,
        changed.conname,
        deferrable=changed.deferrable if changed.alter_deferrability else None,
        enforced=changed.is_enforced if changed.alter_enforceability else None,
        inherited=not changed.noinherit if changed.alter_inheritability else None,
    )
