"""Row security: policies, and switching it on and off."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.expressions import columns_of
from migrations_lint.facts.queries import reads_of
from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import ChangesPolicy, CreatesPolicy, Fact, Policy, Relation, SetsRowSecurity
from migrations_lint.parse import text_of
from migrations_lint.parse.nodes import by_kind, inner, role, word


@derives("create_policy_stmt")
def create_policy(node: Any, scene: Scene) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on the table, ACCESS SHARE on what its subqueries read."""
    relation = scene.relation(node.table)
    yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE)
    for expression in (node.qual, node.with_check):
        yield from reads_of(by_kind(expression), scene, scans=False, besides=(relation,))
    mentions = dict.fromkeys((*columns_of(node.qual), *columns_of(node.with_check)))
    yield CreatesPolicy(
        relation,
        Policy(
            node.policy_name,
            node.cmd_name.upper(),
            node.permissive,
            tuple(role(inner(spec)) for spec in node.roles),
            text_of(node.qual) or None,
            text_of(node.with_check) or None,
            tuple(mentions),
        ),
    )


@derives("alter_policy_stmt")
def alter_policy(node: Any, scene: Scene) -> Iterator[Fact]:
    """ACCESS EXCLUSIVE on the table, ACCESS SHARE on what its subqueries read."""
    relation = scene.relation(node.table)
    yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE)
    for expression in (node.qual, node.with_check):
        yield from reads_of(by_kind(expression), scene, scans=False, besides=(relation,))
    roles = tuple(role(inner(spec)) for spec in node.roles) or None
    yield ChangesPolicy(relation, node.policy_name, roles, text_of(node.qual) or None, text_of(node.with_check) or None)


def switch_row_security(command: Any, relation: Relation, scene: Scene, only: bool) -> Iterator[Fact]:
    """ENABLE, DISABLE, FORCE and NO FORCE: ACCESS EXCLUSIVE on the table alone."""
    yield scene.lock(relation, LockMode.ACCESS_EXCLUSIVE)
    subtype = word(command, "subtype")
    if subtype in {"AT_ForceRowSecurity", "AT_NoForceRowSecurity"}:
        yield SetsRowSecurity(relation, forced=subtype == "AT_ForceRowSecurity")
    else:
        yield SetsRowSecurity(relation, enabled=subtype == "AT_EnableRowSecurity")
