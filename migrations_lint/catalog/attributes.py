"""What hangs on a table or describes it as a whole: partitions, triggers, policies, properties, rights."""

from dataclasses import replace

from migrations_lint.catalog.step import step, without
from migrations_lint.model import (
    AttachesPartition,
    ChangesInheritance,
    ChangesPolicy,
    CreatesPolicy,
    CreatesTrigger,
    DetachesPartition,
    SetsRowSecurity,
    SetsStorageParameter,
    SetsTableProperty,
    SwitchesTrigger,
)
from migrations_lint.snapshot import SchemaSnapshot


@step.register
def _(fact: AttachesPartition, schema: SchemaSnapshot) -> None:
    table = schema.find(fact.partition)
    if table is not None:
        attached = replace(table, partition_of=fact.parent, is_default_partition=fact.is_default, bound=fact.bound)
        schema.put(attached)


@step.register
def _(fact: DetachesPartition, schema: SchemaSnapshot) -> None:
    table = schema.find(fact.partition)
    if table is not None:
        schema.put(replace(table, partition_of=None, is_default_partition=False, bound=None))


@step.register
def _(fact: ChangesInheritance, schema: SchemaSnapshot) -> None:
    table = schema.find(fact.relation)
    if table is not None:
        others = tuple(parent for parent in table.inherits if parent != fact.parent)
        schema.put(replace(table, inherits=(*others, fact.parent) if fact.joins else others))


@step.register
def _(fact: CreatesTrigger, schema: SchemaSnapshot) -> None:
    table = schema.find(fact.relation)
    if table is not None:
        schema.put(replace(table, triggers={**table.triggers, fact.trigger.name: fact.trigger}))


@step.register
def _(fact: SwitchesTrigger, schema: SchemaSnapshot) -> None:
    table = schema.find(fact.relation)
    if table is not None:
        triggers = {
            name: replace(trigger, enabled=fact.enabled) if fact.name in {None, name} else trigger
            for name, trigger in table.triggers.items()
        }
        schema.put(replace(table, triggers=triggers))


@step.register
def _(fact: CreatesPolicy, schema: SchemaSnapshot) -> None:
    table = schema.find(fact.relation)
    if table is not None:
        schema.put(replace(table, policies={**table.policies, fact.policy.name: fact.policy}))


@step.register
def _(fact: ChangesPolicy, schema: SchemaSnapshot) -> None:
    table = schema.find(fact.relation)
    policy = table.policies.get(fact.name) if table is not None else None
    if table is not None and policy is not None:
        changed = replace(
            policy,
            roles=fact.roles or policy.roles,
            using=fact.using or policy.using,
            check=fact.check or policy.check,
        )
        schema.put(replace(table, policies={**table.policies, fact.name: changed}))


@step.register
def _(fact: SetsRowSecurity, schema: SchemaSnapshot) -> None:
    table = schema.find(fact.relation)
    if table is not None:
        enabled = table.row_security if fact.enabled is None else fact.enabled
        forced = table.row_security_forced if fact.forced is None else fact.forced
        schema.put(replace(table, row_security=enabled, row_security_forced=forced))


@step.register
def _(fact: SetsTableProperty, schema: SchemaSnapshot) -> None:
    table = schema.find(fact.relation)
    if table is not None:
        properties = dict(without(table.properties, fact.property))
        if fact.value is not None:
            properties[fact.property] = fact.value
        schema.put(replace(table, properties=properties))


@step.register
def _(fact: SetsStorageParameter, schema: SchemaSnapshot) -> None:
    table = schema.find(fact.relation)
    if table is not None:
        parameters = without(table.parameters, fact.name)
        if fact.value is not None:
            parameters[fact.name] = fact.value
        schema.put(replace(table, parameters=parameters))
