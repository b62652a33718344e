"""Attaching and detaching partitions: which of the parent, the default and the part are locked."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import Fact, NeedsNoTransaction, Relation, Work
from migrations_lint.parse.nodes import definition


def attach_partition(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """SHARE UPDATE EXCLUSIVE on the parent; ACCESS EXCLUSIVE and a scan on the new part and on the default."""
    part = scene.relation(definition(command).name)
    yield scene.lock(relation, LockMode.SHARE_UPDATE_EXCLUSIVE)
    yield scene.lock(part, LockMode.ACCESS_EXCLUSIVE, Work.SCAN)
    default = scene.schema.default_partition(relation)
    if default is not None:
        yield scene.lock(default.relation, LockMode.ACCESS_EXCLUSIVE, Work.SCAN)


def detach_partition(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on parent, part and default; CONCURRENTLY takes SHARE UPDATE EXCLUSIVE on the parent."""
    detached = definition(command)
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
