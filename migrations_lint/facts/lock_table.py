"""LOCK TABLE."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.queries import behind_view
from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import Fact, LocksTable, Work
from migrations_lint.parse.nodes import inner

_LOCK_MODES = [None, *LockMode]  # the grammar numbers them as PostgreSQL does, from 1


@derives("lock_stmt")
def lock(node: Any, scene: Scene) -> Iterator[Fact]:
    """LOCK TABLE: the mode it says, on a view also for what it reads."""
    mode = _LOCK_MODES[node.mode]
    assert mode is not None
    for range_var in map(inner, node.relations):
        relation = scene.relation(range_var)
        yield from scene.lock_family(relation, mode, only=not range_var.inh)
        yield from behind_view(relation, scene, mode, Work.INSTANT)
        yield LocksTable(relation, mode, node.nowait)
