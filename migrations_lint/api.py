"""The few calls that outsiders make: lint a text, lint paths, explain a name."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from migrations_lint import formats, reporters, rules
from migrations_lint.baseline import accept
from migrations_lint.code import Code, Wanted, gone_in
from migrations_lint.engine import lint
from migrations_lint.files import read_text
from migrations_lint.fixing import with_places
from migrations_lint.history import AUTO, History, read_history
from migrations_lint.model import Direction, Fragment, Migration, Report, Script, Source
from migrations_lint.settings import LintSettings
from migrations_lint.snapshot import SchemaSnapshot
from migrations_lint.stored_snapshot import read_snapshot


def lint_paths(paths: Sequence[Path], settings: LintSettings | None = None, *, format: str = AUTO) -> Report:  # noqa: A002
    """Lint every history at or below the paths; a single file is read in the light of its history.

    Raises LintError where nothing can be read at a path, UnknownRule for a wrong name in the settings. Files that
    cannot be read, and statements that cannot be parsed, are in the report's `problems`.
    """
    return lint_history(read_history(paths, format), settings)


def lint_history(history: History, settings: LintSettings | None = None, code: Code | None = None) -> Report:
    """Lint the selected migrations of a history, the others telling what was there before them.

    `code` are the application's files that may name what goes; `names_that_go` says which are worth reading.

    Raises UnreadableSnapshot or UnreadableBaseline where the settings name a file that is none.
    """
    report = lint(history.migrations, settings, production_of(settings), selected=history.selected, code=code)
    return with_baseline(replace(with_places(report, history), unread=history.problems), settings)


def with_baseline(report: Report, settings: LintSettings | None) -> Report:
    """The report with what the settings' baseline accepts marked; raises UnreadableBaseline."""
    if settings is None or not settings.baseline:
        return report
    path = Path(settings.baseline)
    return accept(report, read_text(path), path)


def names_that_go(report: Report) -> Wanted:
    """What the migrations take away, for reading the application's files that may name it."""
    statements = (one for checked in report.migrations for one in checked.statements if one.direction is Direction.UP)
    return Wanted(tuple(dict.fromkeys(gone for statement in statements for gone in gone_in(statement.facts))))


def production_of(settings: LintSettings | None) -> SchemaSnapshot | None:
    """The snapshot of production that the settings name."""
    return read_snapshot(Path(settings.snapshot)).schema if settings and settings.snapshot else None


def lint_text(sql: str, settings: LintSettings | None = None, *, in_transaction: bool = True) -> Report:
    """Lint SQL that stands in no file; its tables are taken to be in use."""
    path = Path("<text>")
    fragment = Fragment(sql, Source(path, sql), 0, len(sql), in_transaction=in_transaction)
    return lint([Migration("text", "raw_sql", path, Script((fragment,)), None)], settings)


def page_of(name: str) -> Path | None:
    """The page that explains a rule, a format or a reporter; None where no plug-in has that name."""
    known_rule = rules.rules().get(name)
    if known_rule is not None:
        return known_rule.page
    for room in (formats, reporters):
        page = Path(str(room.__file__)).parent / f"{name.replace('-', '_')}.md"
        if page.is_file():
            return page
    return None
