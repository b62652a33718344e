"""CREATE TRIGGER; switching one is a sub-command of ALTER TABLE and stands here too."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import CreatesTrigger, Fact, Relation, RelationKind, SwitchesTrigger, Trigger
from migrations_lint.parse.nodes import dotted, word

# pg_trigger.h: TRIGGER_TYPE_BEFORE and the like.
_BEFORE, _INSTEAD = 1 << 1, 1 << 6
_EVENTS = {1 << 2: "INSERT", 1 << 3: "DELETE", 1 << 4: "UPDATE", 1 << 5: "TRUNCATE"}


@derives("create_trig_stmt")
def create_trigger(node: Any, scene: Scene) -> Iterator[Fact]:
    """SHARE ROW EXCLUSIVE; a row trigger on a partitioned table goes to every partition."""
    relation = scene.relation(node.relation)
    table = scene.table(relation)
    partitioned = table is not None and table.kind is RelationKind.PARTITIONED_TABLE
    yield from scene.lock_family(relation, LockMode.SHARE_ROW_EXCLUSIVE, only=not (partitioned and node.row))
    if node.HasField("constrrel"):
        yield scene.lock(scene.relation(node.constrrel), LockMode.ACCESS_SHARE)
    timing = "BEFORE" if node.timing & _BEFORE else "INSTEAD OF" if node.timing & _INSTEAD else "AFTER"
    events = tuple(name for bit, name in _EVENTS.items() if node.events & bit)
    trigger = Trigger(node.trigname, dotted(node.funcname), timing, events, node.row, node.isconstraint)
    yield CreatesTrigger(relation, trigger, node.replace)


def switch_trigger(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ENABLE and DISABLE TRIGGER: SHARE ROW EXCLUSIVE on the table alone."""
    subtype = word(command, "subtype")
    yield scene.lock(relation, LockMode.SHARE_ROW_EXCLUSIVE)
    yield SwitchesTrigger(
        relation, command.name or None, not subtype.startswith("AT_Disable"), internal=subtype.endswith("TrigAll")
    )
