"""Code that a statement runs: DO, CALL, functions named in it, triggers that fire. Read as far as it is known."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from migrations_lint.catalog import replay
from migrations_lint.facts import derives, facts_of
from migrations_lint.facts.expressions import beginning, is_known, literal, sequences_of
from migrations_lint.facts.parameters import set_by_call
from migrations_lint.facts.scene import Scene
from migrations_lint.locks import LockMode
from migrations_lint.model import Certainty, Fact, Fragment, Function, LockFact, Relation, RunsBlock, Source, Unknown
from migrations_lint.parse import parse, sql_of
from migrations_lint.parse.nodes import Parts, by_kind, dotted, inner, kind_of, option_text, strings
from migrations_lint.parse.plpgsql import Embedded, embedded

# At most ACCESS SHARE on the table that is named (see `privileges.py`).
_MAKES_NOBODY_WAIT = frozenset({"GRANT", "REVOKE", "NOTIFY"})
_DEEPEST = 5  # functions that call one another without end have to stop somewhere


@derives("do_stmt")
def do(node: Any, scene: Scene) -> Iterator[Fact]:
    """The facts of the statements inside; what EXECUTE runs is told where it is a literal."""
    options = {option.defname: option_text(option) for option in map(inner, node.args)}
    if options.get("language", "plpgsql").lower() != "plpgsql":
        yield Unknown(f"a DO block in {options['language']} cannot be read")
        return
    yield RunsBlock("DO")
    yield from _body(sql_of(node), scene)


@derives("call_stmt")
def call(node: Any, scene: Scene) -> Iterator[Fact]:
    """What the procedure does, where its code is known."""
    yield from calls_in(node.funccall, by_kind(node.funccall), scene)


@derives("execute_stmt")
def execute(node: Any, scene: Scene) -> Iterator[Fact]:
    """EXECUTE of a prepared statement, whose text stands elsewhere."""
    yield Unknown(f"what the prepared statement {node.name} does cannot be told from here")


def calls_in(node: Any, parts: Parts, scene: Scene) -> Iterator[Fact]:
    """What the functions that a statement names do: sequences, set_config, and code that the history has made.

    `parts` is what `by_kind` finds in the node.
    """
    for message in parts.get("FuncCall", ()):
        yield from _call(message, scene)
    for message in _called_for_its_effect(node):
        name = dotted(message.funcname)
        if name not in scene.schema.functions and not is_known(name):
            yield Unknown(f"what {name}() does is not known")


def _called_for_its_effect(node: Any) -> Iterator[Any]:
    """`SELECT f()`, `SELECT … FROM f()` and CALL: what people write to have something done."""
    if node.DESCRIPTOR.name == "FuncCall":
        yield node
    elif node.DESCRIPTOR.name == "SelectStmt" and all(kind_of(one) == "RangeFunction" for one in node.from_clause):
        targets = [inner(target).val for target in node.target_list]
        sources = [inner(function).items[0] for one in node.from_clause for function in inner(one).functions]
        yield from (inner(value) for value in [*targets, *sources] if kind_of(value) == "FuncCall")


def _call(call: Any, scene: Scene) -> Iterator[Fact]:
    name = strings(call.funcname)[-1]
    if name == "set_config":
        yield from set_by_call(call)
    elif name in {"nextval", "setval", "currval"}:
        for sequence in sequences_of(call):
            schema, _, bare = sequence.rpartition(".")
            relation = Relation(schema or scene.search_path[0], bare)
            yield scene.lock(relation, LockMode.ACCESS_SHARE if name == "currval" else LockMode.ROW_EXCLUSIVE)
    else:
        yield from _runs(dotted(call.funcname), scene)


def _runs(name: str, scene: Scene) -> Iterator[Fact]:
    function = scene.schema.functions.get(name)
    if function is None or len(scene.inside) >= _DEEPEST or name in scene.inside:
        return
    yield RunsBlock(name)
    path = tuple(part.strip().strip('"') for part in (function.search_path or "").split(",") if part.strip())
    inside = replace(scene, inside=(*scene.inside, name), search_path=path or scene.search_path)
    yield from _function(function, inside)


def _function(function: Function, scene: Scene) -> Iterator[Fact]:
    if function.language == "plpgsql" and function.definition:
        yield from _body(function.definition, scene)
    elif function.language == "sql" and function.body is not None:
        yield from _statements([Embedded(function.body)], _apart(scene))
    else:
        yield Unknown(f"{function.name} is written in {function.language}, which cannot be read")


def trigger_calls(relation: Relation, command: str, scene: Scene) -> Iterator[Fact]:
    """What the triggers of a table do when its rows change; assumed, for they may have conditions of their own."""
    table = scene.table(relation)
    for trigger in table.triggers.values() if table else ():
        if trigger.enabled and (command in trigger.events or command == "MERGE"):
            function = scene.schema.functions.get(trigger.function)
            if function is not None and trigger.function not in scene.inside and len(scene.inside) < _DEEPEST:
                inside = replace(scene, inside=(*scene.inside, trigger.function))
                locks = (fact for fact in _function(function, inside) if isinstance(fact, LockFact))
                yield from map(_assumed, locks)


def _body(definition: str, scene: Scene) -> Iterator[Fact]:
    found = embedded(definition)
    if found is None:
        yield Unknown("the code inside cannot be read")
        return
    yield from _statements(found, _apart(scene))


def _apart(scene: Scene) -> Scene:
    return replace(scene, schema=scene.schema.copy())


def _statements(found: Iterable[Embedded], scene: Scene) -> Iterator[Fact]:
    """The facts of each statement, which meets what those before it have made; the scene's schema moves along."""
    for one in found:
        if one.dynamic:
            yield from _dynamic(one, scene)
            continue
        for statement in parse(_fragment(one.sql)).statements:
            facts = facts_of(statement, scene)
            replay(facts, scene.schema)
            yield from map(_assumed, facts) if one.conditional else facts


def _dynamic(one: Embedded, scene: Scene) -> Iterator[Fact]:
    """EXECUTE: a literal is a statement like any other; of anything computed at most the first words are known."""
    for statement in parse(_fragment(one.sql)).statements:
        computed = inner(statement.node.target_list[0]).val if statement.kind == "select_stmt" else None
        text = literal(computed) if computed is not None else None
        if text is not None:
            yield from _statements([Embedded(text, one.conditional)], scene)
            continue
        words = beginning(computed).split() if computed is not None else []
        if not words or words[0].upper() not in _MAKES_NOBODY_WAIT:
            yield Unknown(_untold(" ".join(words), scene))


def _untold(words: str, scene: Scene) -> str:
    where = f" in {scene.inside[-1]}()" if scene.inside else ""
    known = f" begins with {words!r} and" if words else ""
    return f"what EXECUTE runs{where}{known} is put together at run time and cannot be told from here"


def _assumed(fact: Fact) -> Fact:
    return replace(fact, certainty=Certainty.ASSUMED) if isinstance(fact, LockFact) else fact


def _fragment(sql: str) -> Fragment:
    return Fragment(sql, Source(Path("<block>"), sql), 0, len(sql))
