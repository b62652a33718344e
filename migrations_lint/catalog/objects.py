"""Types, functions, publications, rights and other objects: what the facts about them change in the schema."""

from dataclasses import replace

from migrations_lint.catalog.step import step, without
from migrations_lint.model import (
    AddsEnumValue,
    ChangesDomain,
    ChangesFunction,
    ChangesPrivileges,
    ChangesPublication,
    CreatesFunction,
    CreatesObject,
    CreatesType,
    DomainChange,
    DropsObject,
    ObjectKind,
    RenamesEnumValue,
    RenamesObject,
)
from migrations_lint.snapshot import SchemaSnapshot

_TIGHTENS = frozenset({DomainChange.ADDS_CONSTRAINT, DomainChange.SETS_NOT_NULL})


@step.register
def _(fact: CreatesObject, schema: SchemaSnapshot) -> None:
    schema.objects.add((fact.kind, fact.name))
    if fact.kind is ObjectKind.STATISTICS and fact.on is not None:
        schema.statistics[fact.name] = fact.on


@step.register
def _(fact: DropsObject, schema: SchemaSnapshot) -> None:
    table = schema.find(fact.on) if fact.on is not None else None
    if table is not None:
        triggers = without(table.triggers, fact.name) if fact.kind is ObjectKind.TRIGGER else table.triggers
        policies = without(table.policies, fact.name) if fact.kind is ObjectKind.POLICY else table.policies
        schema.put(replace(table, triggers=triggers, policies=policies))
        return
    schema.objects.discard((fact.kind, fact.name))
    if fact.kind is ObjectKind.STATISTICS:
        schema.statistics.pop(fact.name, None)
    if fact.kind in {ObjectKind.TYPE, ObjectKind.DOMAIN}:
        schema.types.pop(fact.name, None)
    elif fact.kind is ObjectKind.FUNCTION:
        schema.functions.pop(fact.name, None)
    elif fact.kind is ObjectKind.PUBLICATION:
        schema.publications.pop(fact.name, None)


@step.register
def _(fact: RenamesObject, schema: SchemaSnapshot) -> None:
    if fact.on is not None:
        _rename_part(fact, schema)
    elif fact.kind in {ObjectKind.TYPE, ObjectKind.DOMAIN} and (known := schema.types.pop(fact.name, None)):
        schema.types[fact.to] = replace(known, name=fact.to)
        for table, column in list(schema.users_of_type(fact.name)):
            spelled = replace(column, type=column.type.replace(fact.name, fact.to, 1))
            schema.put(replace(table, columns={**table.columns, column.name: spelled}))
    elif fact.kind is ObjectKind.FUNCTION and (function := schema.functions.pop(fact.name, None)):
        schema.functions[fact.to] = replace(function, name=fact.to)
    elif fact.kind is ObjectKind.SCHEMA:
        for relation in [known for known in schema.tables if known.schema == fact.name]:
            schema.rename(relation, replace(relation, schema=fact.to))
    if (fact.kind, fact.name) in schema.objects:
        schema.objects.discard((fact.kind, fact.name))
        schema.objects.add((fact.kind, fact.to))


def _rename_part(fact: RenamesObject, schema: SchemaSnapshot) -> None:
    table = schema.find(fact.on) if fact.on is not None else None
    if table is None:
        return

    def renamed(name: str) -> str:
        return fact.to if name == fact.name else name

    match fact.kind:
        case ObjectKind.CONSTRAINT:
            constraints = {renamed(n): replace(c, name=renamed(n)) for n, c in table.constraints.items()}
            old, new = (replace(table.relation, name=name) for name in (fact.name, fact.to))
            indexes = tuple(replace(index, name=new) if index.name == old else index for index in table.indexes)
            schema.put(replace(table, constraints=constraints, indexes=indexes))
        case ObjectKind.TRIGGER:
            triggers = {renamed(n): replace(t, name=renamed(n)) for n, t in table.triggers.items()}
            schema.put(replace(table, triggers=triggers))
        case ObjectKind.POLICY:
            policies = {renamed(n): replace(p, name=renamed(n)) for n, p in table.policies.items()}
            schema.put(replace(table, policies=policies))


@step.register
def _(fact: CreatesType, schema: SchemaSnapshot) -> None:
    schema.types[fact.type.name] = fact.type


@step.register
def _(fact: AddsEnumValue, schema: SchemaSnapshot) -> None:
    known = schema.types.get(fact.type)
    if known is not None and fact.label not in known.labels:
        schema.types[fact.type] = replace(known, labels=(*known.labels, fact.label))


@step.register
def _(fact: RenamesEnumValue, schema: SchemaSnapshot) -> None:
    known = schema.types.get(fact.type)
    if known is not None:
        labels = tuple(fact.to if label == fact.label else label for label in known.labels)
        schema.types[fact.type] = replace(known, labels=labels)


@step.register
def _(fact: ChangesDomain, schema: SchemaSnapshot) -> None:
    known = schema.types.get(fact.domain)
    if known is not None and fact.change in _TIGHTENS:
        schema.types[fact.domain] = replace(known, constrained=True)


@step.register
def _(fact: CreatesFunction, schema: SchemaSnapshot) -> None:
    schema.functions[fact.function.name] = fact.function


@step.register
def _(fact: ChangesFunction, schema: SchemaSnapshot) -> None:
    known = schema.functions.get(fact.name)
    if known is not None:
        definer = known.security_definer if fact.security_definer is None else fact.security_definer
        schema.functions[fact.name] = replace(
            known,
            volatility=fact.volatility or known.volatility,
            security_definer=definer,
            search_path=fact.search_path or known.search_path,
        )


@step.register
def _(fact: ChangesPublication, schema: SchemaSnapshot) -> None:
    schema.publications[fact.name] = fact.tables


@step.register
def _(fact: ChangesPrivileges, schema: SchemaSnapshot) -> None:
    if fact.defaults:
        if fact.kind == "TABLE":
            _change_defaults(fact, schema)
        return
    named = set(fact.relations)
    if fact.in_schema and fact.kind == "TABLE":
        named |= {relation for relation in schema.tables if relation.schema in fact.names}
    for relation in named:
        table = schema.find(relation)
        if table is not None:
            roles = frozenset(fact.roles)
            granted = table.granted | roles if fact.grants else table.granted - roles
            schema.put(replace(table, granted=granted))


def _change_defaults(fact: ChangesPrivileges, schema: SchemaSnapshot) -> None:
    for name in fact.names or ("",):
        before, roles = schema.default_grants.get(name, frozenset()), frozenset(fact.roles)
        schema.default_grants[name] = before | roles if fact.grants else before - roles
