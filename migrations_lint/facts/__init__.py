"""Statements in, facts out: what each one locks, scans, rewrites and changes.

One file per family of statements; a function says with `@derives("index_stmt")` which of the parser's nodes it
reads. A node that nobody claims yields `Unknown`, never silence. Lock facts follow PostgreSQL 18, "Explicit
Locking", the ALTER TABLE page, and `AlterTableGetLockLevel`; the tests hold them to real servers.
"""

import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import Any

from migrations_lint.facts.scene import Scene
from migrations_lint.locks import strongest
from migrations_lint.model import Certainty, Fact, LockFact, Relation, Statement, TruncatesIdentifier, Unknown, Work

__all__ = ["Scene", "derived_kinds", "derives", "facts_of", "facts_of_node"]

Deriver = Callable[[Any, Scene], Iterable[Fact]]
_DERIVERS: dict[str, Deriver] = {}

_WEIGHT = [Work.INSTANT, Work.SCAN, Work.ROW_CHANGE, Work.INDEX_BUILD, Work.REWRITE, Work.UNKNOWN]


def derives(*kinds: str) -> Callable[[Deriver], Deriver]:
    """Claim parser nodes, by the names of `Statement.kind`."""

    def register(deriver: Deriver) -> Deriver:
        _DERIVERS.update(dict.fromkeys(kinds, deriver))
        return deriver

    return register


def facts_of(statement: Statement, scene: Scene) -> tuple[Fact, ...]:
    """Everything the statement does, in order; one lock per relation, the strongest with the heaviest work."""
    cut = (TruncatesIdentifier(identifier) for identifier in statement.long_identifiers)
    return (*_facts(statement.kind, statement.node, scene), *cut)


def facts_of_node(node: Any, scene: Scene) -> tuple[Fact, ...]:
    """The same for a statement that stands inside another, such as the elements of CREATE SCHEMA."""
    kind = node.WhichOneof("node")
    return _facts(kind, getattr(node, kind), scene)


def _facts(kind: str, node: Any, scene: Scene) -> tuple[Fact, ...]:
    _load()
    deriver = _DERIVERS.get(kind)
    if deriver is None:
        return (Unknown(f"{_command(kind)} is not a statement this version knows"),)
    return _merged(deriver(node, scene))


def derived_kinds() -> frozenset[str]:
    """The kinds of statement that somebody here derives facts from, or has named harmless."""
    _load()
    return frozenset(_DERIVERS)


@cache
def _load() -> None:
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")


def _command(kind: str) -> str:
    return kind.removesuffix("_stmt").replace("_", " ").upper()


def _merged(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    locks: dict[Relation, LockFact] = {}
    others: list[Fact] = []
    for fact in facts:
        if not isinstance(fact, LockFact):
            others.append(fact)
        elif (known := locks.get(fact.relation)) is None:
            locks[fact.relation] = fact
        else:
            sure = known.certainty is fact.certainty is Certainty.SURE
            locks[fact.relation] = replace(
                known,
                mode=strongest(known.mode, fact.mode),
                work=max(known.work, fact.work, key=_WEIGHT.index),
                created_here=known.created_here or fact.created_here,
                certainty=Certainty.SURE if sure else Certainty.ASSUMED,
            )
    return (*locks.values(), *others)
