"""The schema as the migrations so far have built it: replays facts onto a SchemaSnapshot."""

from collections.abc import Iterable

from migrations_lint.catalog import attributes, constraints, objects, relations
from migrations_lint.catalog.step import step
from migrations_lint.model import Fact
from migrations_lint.snapshot import SchemaSnapshot

__all__ = ["attributes", "constraints", "objects", "relations", "replay"]


def replay(facts: Iterable[Fact], schema: SchemaSnapshot) -> None:
    """Carry out on the snapshot what the facts say of it; facts that change no schema are passed over."""
    for fact in facts:
        step(fact, schema)
