"""Findings and edits in the words of the Language Server Protocol 3.17. It only translates.

The linter counts lines and columns from 1, in characters. The protocol counts from 0, in the units that client and
server have agreed on; the codec knows them.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from lsprotocol import types as lsp
from pygls.workspace import PositionCodec

from migrations_lint.model import Edit, Finding, Position, Problem, Severity, Source

SOURCE = "gatekeeper"

_SEVERITIES = {
    Severity.ERROR: lsp.DiagnosticSeverity.Error,
    Severity.WARNING: lsp.DiagnosticSeverity.Warning,
    Severity.NOTE: lsp.DiagnosticSeverity.Information,
}


class Lines:
    """A text whose places are told as the client counts them."""

    def __init__(self, path: Path, text: str, codec: PositionCodec) -> None:
        self.source = Source(path, text)
        self._lines = text.splitlines(keepends=True)
        self._codec = codec

    def range(self, begins: Position, ends: Position) -> lsp.Range:
        """From one place to another."""
        return self._codec.range_to_client_units(self._lines, lsp.Range(_from_zero(begins), _from_zero(ends)))

    def span(self, start: int, end: int) -> lsp.Range:
        """From one character offset to another."""
        return self.range(self.source.position(start), self.source.position(end))


def diagnostic(finding: Finding, lines: Lines) -> lsp.Diagnostic:
    """A finding at its statement, the way out below it."""
    return lsp.Diagnostic(
        range=lines.range(finding.begins, finding.ends),
        message=f"{finding.message}\n{finding.help}",
        severity=_SEVERITIES[finding.severity],
        code=finding.rule,
        source=SOURCE,
    )


def unread(problem: Problem, lines: Lines) -> lsp.Diagnostic:
    """A place that could not be read: nobody should take silence for safety."""
    place = Position(problem.line, 1)
    return lsp.Diagnostic(
        range=lines.range(place, Position(problem.line + 1, 1)),
        message=f"not read: {problem.message}\n{problem.hint}",
        severity=lsp.DiagnosticSeverity.Error,
        source=SOURCE,
    )


def changes(edits: Iterable[Edit], texts: dict[Path, Lines], new: Sequence[Path]) -> lsp.WorkspaceEdit:
    """Edits of files, of which those in `new` are made first."""
    by_path: dict[Path, list[Edit]] = {}
    for edit in edits:
        by_path.setdefault(edit.path, []).append(edit)
    documents: list[lsp.TextDocumentEdit | lsp.CreateFile | lsp.RenameFile | lsp.DeleteFile] = [
        lsp.CreateFile(uri=path.as_uri()) for path in new
    ]
    for path, own in by_path.items():
        changed = [lsp.TextEdit(texts[path].span(edit.start, edit.end), edit.text) for edit in own]
        identifier = lsp.OptionalVersionedTextDocumentIdentifier(uri=path.as_uri())
        documents.append(lsp.TextDocumentEdit(identifier, changed))
    return lsp.WorkspaceEdit(document_changes=documents)


def allowing(finding: Finding, source: Source) -> Edit:
    """A comment above the statement that allows the rule there, once a reason is written behind it."""
    start = len("".join(source.text.splitlines(keepends=True)[: finding.begins.line - 1]))
    line = source.text[start:].partition("\n")[0]
    indent = line[: len(line) - len(line.lstrip())]
    mark = "#" if source.path.suffix == ".py" else "--"
    return Edit(source.path, start, start, f"{indent}{mark} gatekeeper: allow {finding.rule} because \n")


def _from_zero(place: Position) -> lsp.Position:
    return lsp.Position(place.line - 1, place.column - 1)
