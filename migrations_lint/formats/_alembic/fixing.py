"""Writes the steps of a fix into a revision: the operation's own keywords where it has them, else `op.execute`.

Nothing is believed: the changed revision is rendered again, and has to send what the fix says, in the transactions
that it says, and everything else as before.
"""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

import libcst as cst

from migrations_lint.edits import edited, trimmed
from migrations_lint.formats._alembic.autocommit import autocommit_edits, statement_of
from migrations_lint.formats._alembic.injection import name_of_op
from migrations_lint.formats._alembic.revisions import parse
from migrations_lint.formats._python.places import Places
from migrations_lint.model import Edit, Fix, Fragment, Migration, Place, Script, Step
from migrations_lint.timeouts import line_end

# Keywords of Alembic's operations that add words to their SQL.
_KEYWORDS = ("postgresql_concurrently", "postgresql_not_valid", "if_exists", "if_not_exists")

_PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w)")  # as SQLAlchemy's text() finds them

Read = Callable[[str], Migration]


def fixed_revision(migration: Migration, fix: Fix, read: Read) -> tuple[Edit, ...] | None:
    """One edit of the revision; None where the statement is one of several of its line or loop, or `op` has no name."""
    script = dict(migration.scripts()).get(fix.direction)
    found = [f for f in script.fragments if (f.start, f.end) == _span(fix, f)] if script else []
    needs_way_back = len(fix.steps) > 1 and all(step.place is Place.HERE and step.undo for step in fix.steps)
    if needs_way_back and migration.down is not None:
        return None  # its way back would have to change as well
    if script is None or len(found) != 1 or found[0].sql.strip().rstrip(";").strip() != fix.sql:
        return None
    source = found[0].source
    tree = parse(source.path, source.text)
    op, statement = name_of_op(tree), statement_of(tree, Places(source.text, tree), found[0])
    if op is None or statement is None:
        return None
    revision = _Revision(script, found[0], fix, op, statement, read)
    text = next(revision.candidates(), None)
    return None if text is None else (trimmed(Edit(source.path, 0, len(source.text), text), source.text),)


def _span(fix: Fix, fragment: Fragment) -> tuple[int, int]:
    """The fragment that a fix means: the code that sends the statement, or the text that is the statement."""
    if not fragment.verbatim:
        return fix.start, fix.end
    return (fragment.start, fragment.end) if fragment.start <= fix.start and fix.end <= fragment.end else (-1, -1)


@dataclass(frozen=True)
class _Revision:
    script: Script
    fragment: Fragment
    fix: Fix
    op: str
    statement: ast.stmt
    read: Read

    def candidates(self) -> Iterator[str]:
        """The whole text with the steps written in, as often as it comes out right."""
        for code in self._codes():
            text = self._with(code)
            text = self._apart(text) if text is not None else None
            if text is not None and self._is_right(text):
                yield text

    def _codes(self) -> Iterator[list[str]]:
        """For each step a line of Python: the operation with more keywords, or the SQL in its own words."""
        steps = self.fix.steps
        own = self._own()
        calls = [f"{self.op}.execute({literal(step.sql)})" for step in steps]
        kept = [own if step.sql == self.fix.sql else call for step, call in zip(steps, calls, strict=True)]
        if steps[0].sql == self.fix.sql:
            yield kept
            return
        if self.fragment.verbatim:
            yield [own.replace(self.fragment.sql, steps[0].sql), *kept[1:]]
        else:
            yield from ([changed, *kept[1:]] for changed in with_keywords(own))
        yield kept

    def _own(self) -> str:
        span = Places(self.fragment.source.text, parse(self.fragment.source.path, self.fragment.source.text)).span(
            self.statement
        )
        return self.fragment.source.text[span.start : span.end]

    def _with(self, code: Sequence[str]) -> str | None:
        text = self.fragment.source.text
        span = Places(text, parse(self.fragment.source.path, text)).span(self.statement)
        line = text[max(text.rfind("\n", 0, span.start), text.rfind("\r", 0, span.start)) + 1 : span.start]
        if line.strip():
            return None
        return text[: span.start] + f"{line_end(text)}{line}".join(code) + text[span.end :]

    def _apart(self, text: str) -> str | None:
        """Steps that must not share the transaction go into autocommit blocks, the last ones first."""
        at = self.script.fragments.index(self.fragment)
        for number in reversed(range(len(self.fix.steps))):
            if not self._needs_block(number):
                continue
            script = dict(self.read(text).scripts()).get(self.fix.direction)
            if script is None or len(script.fragments) <= at + number:
                return None
            fragment = script.fragments[at + number]
            if fragment.in_transaction:
                edits = autocommit_edits(parse(fragment.source.path, text), fragment)
                if edits is None:
                    return None
                text = edited(text, edits)
        return text

    def _needs_block(self, number: int) -> bool:
        """A step right after a block is in a new transaction as it is."""
        step = self.fix.steps[number]
        if step.place is Place.LATER:
            return number == 0 or not self._needs_block(number - 1)
        return step.place is Place.ALONE

    def _is_right(self, text: str) -> bool:
        try:
            script = dict(self.read(text).scripts()).get(self.fix.direction)
        except Exception:  # noqa: BLE001  whatever is wrong with it, this is not the way to write it
            return False
        if script is None:
            return False
        at = self.script.fragments.index(self.fragment)
        due: list[Fragment | Step] = [*self.script.fragments[:at], *self.fix.steps, *self.script.fragments[at + 1 :]]
        if len(due) != len(script.fragments):
            return False
        return all(_agree(one, other) for one, other in zip(due, script.fragments, strict=True))


def _agree(due: Fragment | Step, fragment: Fragment) -> bool:
    same = "".join(due.sql.rstrip("; \n").split()).lower() == "".join(fragment.sql.rstrip("; \n").split()).lower()
    if isinstance(due, Fragment):
        return same and due.in_transaction == fragment.in_transaction
    return same and not (due.place is Place.ALONE and fragment.in_transaction)


def with_keywords(code: str) -> Iterator[str]:
    """The call with some of the keywords added, fewest first; everything else of it as it was written."""
    try:
        expression = cst.parse_expression(code)
    except cst.ParserSyntaxError:
        return
    if not isinstance(expression, cst.Call):
        return
    given = {arg.keyword.value for arg in expression.args if arg.keyword is not None}
    names = [name for name in _KEYWORDS if name not in given]
    for chosen in chain(combinations(names, 1), combinations(names, 2)):
        call = expression
        for name in chosen:
            call = _with_keyword(call, name)
        yield cst.Module([]).code_for_node(call)


def _with_keyword(call: cst.Call, name: str) -> cst.Call:
    added = cst.Arg(
        keyword=cst.Name(name),
        value=cst.Name("True"),
        equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
    )
    if not call.args:
        return call.with_changes(args=[added])
    *others, last = call.args
    if isinstance(last.comma, cst.Comma):  # one argument a line: the new one takes the last one's comma and line end
        between = others[-1].comma if others else cst.Comma(whitespace_after=call.whitespace_before_args)
        return call.with_changes(args=[*others, last.with_changes(comma=between), added.with_changes(comma=last.comma)])
    comma = others[-1].comma if others else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    after = added.with_changes(whitespace_after_arg=last.whitespace_after_arg)
    last = last.with_changes(comma=comma, whitespace_after_arg=cst.SimpleWhitespace(""))
    return call.with_changes(args=[*others, last, after])


def literal(sql: str) -> str:
    """SQL as a Python string for `op.execute`, which reads `:name` as a parameter."""
    text = _escaped(sql)
    if "\n" in text or '"' in text:
        quotes = '"""' if '"""' not in text and not text.endswith('"') else "'''"
        return f"{quotes}{text}{quotes}"
    return f'"{text}"'


def _escaped(sql: str) -> str:
    return _PARAMETER.sub(r"\\\\:", sql.replace("\\", "\\\\"))
