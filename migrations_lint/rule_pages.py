"""Runs the examples of a rule's page: what it promises the reader is what the rule does."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from migrations_lint.code import Code
from migrations_lint.engine import lint, schemas_built_by
from migrations_lint.model import CodeFile, Finding, Fragment, Migration, Relation, Script, Source
from migrations_lint.pages import Section, bare, expected_findings, sections
from migrations_lint.rules import Rule, SuppressionRule, all_rules
from migrations_lint.settings import LintSettings
from migrations_lint.snapshot import SchemaSnapshot, Size

# What an `sql` block that is a migration may say of itself; beside an `other head` the history has another end.
MIGRATIONS = frozenset({"", "outside", "refused", "other head"})


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Where a page and its rule say different things; `example` is the heading, None for the page as a whole."""

    page: Path
    example: str | None
    line: int
    what: str


def disagreements(rule: Rule, settings: LintSettings | None = None) -> Iterator[Disagreement]:
    """What of the page does not hold: a finding that is not made, one that is not promised, nothing shown at all."""
    examples = examples_of(rule)
    loud = [one for one in examples if any(True for _ in promised_by(one))]
    if not loud:
        yield Disagreement(rule.page, None, 1, "no example shows the harm: mark a line with `-- finding: text`")
    if len(loud) == len(examples):
        yield Disagreement(rule.page, None, 1, "no example shows a case in which the rule stays silent")
    for example in examples:
        yield from _differences(rule, example, settings or LintSettings())


def examples_of(rule: Rule) -> tuple[Section, ...]:
    """The sections of a rule's page that hold a migration."""
    return tuple(one for one in sections(rule.page) if any(one.all("sql", word) for word in MIGRATIONS))


def findings_on(rule: Rule, example: Section, settings: LintSettings | None = None) -> tuple[Finding, ...]:
    """What the rule finds in the example's migrations, the schema before them built by an earlier one.

    Raises ValueError for an example whose SQL cannot be parsed.
    """
    history = history_of(example)
    selected = frozenset(migration.path for migration in history[1:])
    code = Code(_files(example, ""), _files(example, "released"))
    alone = _alone(rule, example, settings or LintSettings())
    report = lint(history, alone, _production(example, history[0], alone), selected=selected, code=code)
    if report.problems:
        raise ValueError(report.problems[0].message)
    return tuple(finding for finding in report.findings if finding.rule == rule.name)


def _production(example: Section, before: Migration, settings: LintSettings) -> SchemaSnapshot | None:
    """A snapshot of production as `toml sizes` gives it: what `sql before` has built, with the sizes of its tables."""
    sizes = example.text("toml", "sizes")
    if sizes is None:
        return None
    *_, schema = schemas_built_by([before], settings)
    for name, size in tomllib.loads(sizes).items():
        table = schema.find(Relation(*name.split(".")))
        if table is None:
            raise ValueError(f"`toml sizes` names {name}, which `sql before` does not make")
        schema.put(replace(table, size=Size(**size)))
    return schema


def _files(example: Section, word: str) -> list[CodeFile]:
    """The blocks that are files of the application, as they are or as they were `released`."""
    blocks = [one for one in example.blocks if one.path and (one.word == "released") == (word == "released")]
    return [CodeFile(PurePath(block.path or ""), block.text) for block in blocks]


def history_of(example: Section) -> list[Migration]:
    """1 builds the schema before it, each `sql` block is a migration, a `down` the way back.

    A `refused` block runs outside a transaction, as an `outside` one does.
    """
    history = [_migration("1", example.text("sql", "before") or "")]
    for block in example.blocks:
        if (block.language, block.word) == ("sql", "down"):
            history[-1] = replace(history[-1], down=_script(bare(block.text), f"{history[-1].id}.down.sql"))
        elif block.language == "sql" and block.word in MIGRATIONS:
            name, wrapped = str(len(history) + 1), block.word in {"", "other head"}
            heads = ("a1",) if block.word == "other head" else ()
            one = _migration(name, bare(block.text), in_transaction=wrapped)
            history.append(replace(one, down_path=Path(f"{name}.down.sql"), other_heads=heads))
    return history


def promised_by(example: Section) -> Iterator[tuple[str, int, str]]:
    """File, line and words of each finding that the example promises."""
    number = 1
    for block in example.blocks:
        number += block.language == "sql" and block.word in MIGRATIONS
        path = f"{number}.down.sql" if block.word == "down" else f"{number}.sql"
        yield from ((path, line, text) for line, text in expected_findings(block.text))


def _differences(rule: Rule, example: Section, settings: LintSettings) -> Iterator[Disagreement]:
    def differs(what: str) -> Disagreement:
        return Disagreement(example.page, example.title, example.blocks[0].line, what)

    try:
        found = list(findings_on(rule, example, settings))
    except ValueError as error:
        yield differs(f"its SQL cannot be parsed: {error}")
        return
    for path, line, text in promised_by(example):
        made = next((f for f in found if (str(f.path), f.begins.line) == (path, line) and text in f.message), None)
        if made is None:
            yield differs(f"promised at line {line} of {path} and not found: {text}")
        else:
            found.remove(made)
    for finding in found:
        yield differs(f"found at line {finding.begins.line} of {finding.path} and not promised: {finding.message}")


def _alone(rule: Rule, example: Section, settings: LintSettings) -> LintSettings:
    """What the example's `toml config` says, and no other rule; comments are judged by what all rules find."""
    config = example.text("toml", "config")
    said = {key: _frozen(value) for key, value in tomllib.loads(config)["lint"].items()} if config else {}
    others = () if isinstance(rule, SuppressionRule) else tuple(n for n in all_rules(settings) if n != rule.name)
    own = LintSettings(rules=settings.rules, server_version=settings.server_version)
    return replace(own, **said, off=others, on=(rule.name,))


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _migration(name: str, up: str, *, in_transaction: bool = True) -> Migration:
    return Migration(name, "raw_sql", Path(f"{name}.sql"), _script(up, f"{name}.sql", in_transaction), None)


def _script(sql: str, path: str, in_transaction: bool = True) -> Script:
    return Script((Fragment(sql, Source(Path(path), sql), 0, len(sql), in_transaction=in_transaction),))
