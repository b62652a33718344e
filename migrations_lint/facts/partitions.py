"""Attaching and detaching partitions: which of the parent, the default and the part are locked."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import (
    AttachesIndex,
    AttachesPartition,
    ConstraintKind,
    DetachesPartition,
    Fact,
    NeedsNoTransaction,
    Relation,
    Work,
)
from migrations_lint.parse import text_of
from migrations_lint.parse.nodes import definition
from migrations_lint.snapshot import Table


def attach_partition(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """SHARE UPDATE EXCLUSIVE on the parent; ACCESS EXCLUSIVE and a scan on the new part and on the default.

    A valid CHECK that implies the bound saves the scan of the part, but an index that the parent has and the part lacks
    is built there, and foreign keys are checked (PostgreSQL 18, ALTER TABLE, ATTACH PARTITION).
    """
    part = scene.relation(definition(command).name)
    bound = definition(command).bound
    parent, table = scene.table(relation), scene.table(part)
    proved = _proves(table, parent, bound)
    yield scene.lock(relation, LockMode.SHARE_UPDATE_EXCLUSIVE)
    yield from scene.lock_family(part, LockMode.ACCESS_EXCLUSIVE, Work.INSTANT if proved else Work.SCAN)
    if parent is not None and _lacks_an_index(table, parent):
        yield from scene.lock_family(part, LockMode.ACCESS_EXCLUSIVE, Work.INDEX_BUILD)
    yield from _default_is_scanned(relation, scene)
    yield from foreign_keys_of_parent(relation, scene, checked=True)
    yield AttachesPartition(relation, part, bound.is_default, bound_text(bound), proved)


def _lacks_an_index(part: Table | None, parent: Table) -> bool:
    known = [(index.columns, index.unique) for index in part.indexes] if part is not None else []
    return any(
        (index.columns, True) not in known and (index.unique or (index.columns, False) not in known)
        for index in parent.indexes
    )


def _default_is_scanned(relation: Relation, scene: Scene) -> Iterator[Fact]:
    default = scene.schema.default_partition(relation)
    if default is not None:
        yield from scene.lock_family(default.relation, LockMode.ACCESS_EXCLUSIVE, Work.SCAN)


def new_partition(relation: Relation, scene: Scene, *, is_default: bool) -> Iterator[Fact]:
    """CREATE TABLE … PARTITION OF: ACCESS EXCLUSIVE on the parent, and on the default while it is scanned."""
    yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE)
    if not is_default:
        yield from _default_is_scanned(relation, scene)
    yield from foreign_keys_of_parent(relation, scene, checked=False)


def foreign_keys_of_parent(relation: Relation, scene: Scene, *, checked: bool) -> Iterator[Fact]:
    """A partition gets the parent's keys, out and in: SHARE ROW EXCLUSIVE on the tables at their other ends."""
    parent = scene.table(relation)
    work = Work.SCAN if checked else Work.INSTANT
    for constraint in parent.constraints.values() if parent else ():
        if constraint.references is not None:
            yield from scene.lock_family(constraint.references, LockMode.SHARE_ROW_EXCLUSIVE, work, assumed=checked)
    # Before PostgreSQL 15 their checks were not made anew for the partition.
    mode = LockMode.SHARE_ROW_EXCLUSIVE if scene.server_version >= 15 else LockMode.ACCESS_SHARE
    for other, _ in scene.schema.foreign_keys_to(relation):
        yield from scene.lock_family(other.relation, mode)


def _proves(part: Table | None, parent: Table | None, bound: Any) -> bool:
    """Whether valid CHECKs of the part say, in the words of the bound, that all of its rows fit.

    PostgreSQL's own prover sees more; what is spelled otherwise is taken to be scanned.
    """
    if part is None or parent is None or len(parent.partition_key) != 1 or bound.is_default:
        return False
    (key,) = parent.partition_key
    checks = [c for c in part.constraints.values() if c.kind is ConstraintKind.CHECK and c.valid and c.enforced]
    said = {term.strip("() ") for check in checks for term in (check.expression or "").split(" AND ")}
    needed = set(_terms(key, bound))
    return bool(needed) and needed <= said and part.proves_not_null(key)


def _terms(key: str, bound: Any) -> Iterator[str]:
    if bound.listdatums:
        yield f"{key} IN ({', '.join(map(text_of, bound.listdatums))}"  # the closing parenthesis is stripped above
    for sign, datums in ((">=", bound.lowerdatums), ("<", bound.upperdatums)):
        for value in map(text_of, datums):
            if value not in {"MINVALUE", "MAXVALUE"}:
                yield f"{key} {sign} {value}"


def detach_partition(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on parent, part and default; CONCURRENTLY takes SHARE UPDATE EXCLUSIVE on the parent.

    Before PostgreSQL 14 the part itself was locked in SHARE UPDATE EXCLUSIVE only, which did not keep readers out.
    """
    detached = definition(command)
    part = scene.relation(detached.name)
    yield DetachesPartition(relation, part, detached.concurrent)
    yield from _keys_of_detached(relation, part, scene, assumed=detached.concurrent)
    if detached.concurrent:
        yield NeedsNoTransaction("ALTER TABLE … DETACH PARTITION CONCURRENTLY")
        yield scene.lock(relation, LockMode.SHARE_UPDATE_EXCLUSIVE)
        # For the blink of an eye in a transaction of its own, too short to be sure of seeing it.
        yield scene.lock(scene.relation(detached.name), LockMode.ACCESS_EXCLUSIVE, assumed=True)
        return
    yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE)
    own = LockMode.ACCESS_EXCLUSIVE if scene.server_version >= 14 else LockMode.SHARE_UPDATE_EXCLUSIVE
    yield scene.lock(part, own)
    for child in scene.schema.children(part):
        yield scene.lock(child.relation, LockMode.ACCESS_EXCLUSIVE)
    default = scene.schema.default_partition(relation)
    if default is not None:
        yield scene.lock(default.relation, LockMode.ACCESS_EXCLUSIVE)


def _keys_of_detached(relation: Relation, part: Relation, scene: Scene, *, assumed: bool) -> Iterator[Fact]:
    """The part's own keys become its own; keys into it must not be in use, which is looked up on both sides."""
    parent = scene.table(relation)
    for constraint in parent.constraints.values() if parent else ():
        if constraint.references is not None:
            yield from scene.lock_family(constraint.references, LockMode.SHARE_ROW_EXCLUSIVE, assumed=assumed)
    for other, _ in scene.schema.foreign_keys_to(relation):
        yield from scene.lock_family(other.relation, LockMode.ACCESS_EXCLUSIVE, Work.SCAN, assumed=True)
        yield scene.lock(part, LockMode.ACCESS_EXCLUSIVE, Work.SCAN, assumed=True)


def finalize_detach(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """DETACH PARTITION … FINALIZE: SHARE UPDATE EXCLUSIVE on the parent, ACCESS EXCLUSIVE on the part (14)."""
    part = scene.relation(definition(command).name)
    yield scene.lock(relation, LockMode.SHARE_UPDATE_EXCLUSIVE)
    yield scene.lock(part, LockMode.ACCESS_EXCLUSIVE)
    yield DetachesPartition(relation, part, finalize=True)


def attach_index(command: Any, index: Relation, scene: Scene) -> Iterator[Fact]:
    """ALTER INDEX … ATTACH PARTITION locks the indexes, and ACCESS SHARE their tables."""
    part = scene.beside(index, definition(command).name.relname)
    for table in map(scene.schema.table_of_index, (index, part)):
        if table is not None:
            yield scene.lock(table.relation, LockMode.ACCESS_SHARE)
    yield AttachesIndex(index, part)


def bound_text(bound: Any) -> str:
    """A partition's bound as text: `DEFAULT`, `IN (1, 2)`, `FROM (1) TO (2)`, `MODULUS 4 REMAINDER 0`."""
    if bound.is_default:
        return "DEFAULT"
    if bound.modulus:
        return f"MODULUS {bound.modulus} REMAINDER {bound.remainder}"
    if bound.listdatums:
        return f"IN ({', '.join(map(text_of, bound.listdatums))})"
    lower, upper = (", ".join(map(text_of, datums)) for datums in (bound.lowerdatums, bound.upperdatums))
    return f"FROM ({lower}) TO ({upper})"
