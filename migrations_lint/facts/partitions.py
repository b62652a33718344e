"""Attaching and detaching partitions: which of the parent, the default and the part are locked."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import (
    AttachesIndex,
    AttachesPartition,
    DetachesPartition,
    Fact,
    NeedsNoTransaction,
    Relation,
    Work,
)
from migrations_lint.parse import text_of
from migrations_lint.parse.nodes import definition


def attach_partition(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """SHARE UPDATE EXCLUSIVE on the parent; ACCESS EXCLUSIVE and a scan on the new part and on the default."""
    part = scene.relation(definition(command).name)
    yield scene.lock(relation, LockMode.SHARE_UPDATE_EXCLUSIVE)
    yield scene.lock(part, LockMode.ACCESS_EXCLUSIVE, Work.SCAN)
    default = scene.schema.default_partition(relation)
    if default is not None:
        yield scene.lock(default.relation, LockMode.ACCESS_EXCLUSIVE, Work.SCAN)
    bound = definition(command).bound
    yield AttachesPartition(relation, part, bound.is_default, bound_text(bound))


def detach_partition(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on parent, part and default; CONCURRENTLY takes SHARE UPDATE EXCLUSIVE on the parent."""
    detached = definition(command)
    yield DetachesPartition(relation, scene.relation(detached.name), detached.concurrent)
    if detached.concurrent:
        yield NeedsNoTransaction("ALTER TABLE … DETACH PARTITION CONCURRENTLY")
        yield scene.lock(relation, LockMode.SHARE_UPDATE_EXCLUSIVE)
        yield scene.lock(scene.relation(detached.name), LockMode.ACCESS_EXCLUSIVE)
        return
    yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE)
    yield scene.lock(scene.relation(detached.name), LockMode.ACCESS_EXCLUSIVE)
    default = scene.schema.default_partition(relation)
    if default is not None:
        yield scene.lock(default.relation, LockMode.ACCESS_EXCLUSIVE)


def attach_index(command: Any, index: Relation, scene: Scene) -> Iterator[Fact]:
    """ALTER INDEX … ATTACH PARTITION locks indexes alone."""
    yield AttachesIndex(index, scene.beside(index, definition(command).name.relname))


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
