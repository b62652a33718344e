"""GRANT, REVOKE, ALTER DEFAULT PRIVILEGES: who may do what."""

from collections.abc import Iterator
from typing import Any

from migrations_lint.facts import derives
from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import ChangesPrivileges, Fact, Relation
from migrations_lint.parse.nodes import inner, kind_of, object_name, role, strings, word


@derives("grant_stmt")
def grant(node: Any, scene: Scene) -> Iterator[Fact]:
    """No table lock before PostgreSQL 18; from 18 ACCESS SHARE on each table that is named."""
    fact = _privileges(node, scene)
    if scene.server_version >= 18:
        for relation in fact.relations:
            yield scene.lock(relation, LockMode.ACCESS_SHARE)
    yield fact


@derives("alter_default_privileges_stmt")
def default_privileges(node: Any, scene: Scene) -> Iterator[Fact]:
    """No lock: it holds for what is made later."""
    schemas = tuple(
        name
        for option in map(inner, node.options)
        if option.defname == "schemas"
        for name in strings(inner(option.arg).items)
    )
    fact = _privileges(node.action, scene)
    yield ChangesPrivileges(fact.grants, fact.privileges, fact.kind, fact.roles, names=schemas, defaults=True)


@derives("grant_role_stmt")
def grant_role(node: Any, scene: Scene) -> Iterator[Fact]:
    """Membership in roles; told as the privilege MEMBER on them."""
    roles = tuple(role(inner(spec)) for spec in node.grantee_roles)
    names = tuple(inner(granted).priv_name for granted in node.granted_roles)
    yield ChangesPrivileges(node.is_grant, ("member",), "ROLE", roles, names=names)


def _privileges(node: Any, scene: Scene) -> ChangesPrivileges:
    kind = word(node, "objtype").removeprefix("OBJECT_").replace("_", " ")
    relations: tuple[Relation, ...] = tuple(
        scene.relation(inner(item)) for item in node.objects if kind_of(item) == "RangeVar"
    )
    return ChangesPrivileges(
        grants=node.is_grant,
        privileges=tuple(inner(p).priv_name.lower() for p in node.privileges) or ("all",),
        kind=kind,
        roles=tuple(role(inner(spec)) for spec in node.grantees),
        relations=relations,
        names=tuple(object_name(item) for item in node.objects if kind_of(item) != "RangeVar"),
        in_schema=word(node, "targtype") == "ACL_TARGET_ALL_IN_SCHEMA",
    )
