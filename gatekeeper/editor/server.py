"""`gatekeeper lsp`: diagnostics while a migration is written, a rule's page on hover, fixes and allowances at hand.

It speaks over standard input and output. A file is read in the light of its history; texts that are not saved yet
stand in for the files on disk.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from gatekeeper import __version__
from gatekeeper.config.load import load
from gatekeeper.config.settings import Settings
from gatekeeper.config.timeouts import timeouts_of
from gatekeeper.editor import translate
from gatekeeper.editor.translate import Lines
from gatekeeper.errors import GatekeeperError
from migrations_lint.api import lint_history, page_of
from migrations_lint.errors import LintError
from migrations_lint.files import is_file, read_text, unsaved
from migrations_lint.fixing import edits_of
from migrations_lint.history import History, read_history
from migrations_lint.model import Edit, Finding, Report

_WAIT_SECONDS = 0.3  # from the last key to the answer, so that nobody waits for an answer to half a word
_LANGUAGES = frozenset({".sql", ".py"})


@dataclass
class Editor:
    """What the server knows between two messages: the settings, and the last answer for each open file."""

    settings: Settings = field(default_factory=Settings)
    reports: dict[str, tuple[History, Report]] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)


def language_server(config: Path | None = None) -> LanguageServer:
    """A server with its features; it works in the folder that the editor has opened, as the command line does."""
    server = LanguageServer("gatekeeper", __version__)
    editor = Editor()

    @server.feature(lsp.INITIALIZED)
    def initialized(_: lsp.InitializedParams) -> None:
        if server.workspace.root_path:
            os.chdir(server.workspace.root_path)
        try:
            editor.settings = load(config)
        except GatekeeperError as error:
            server.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Error, str(error)))

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        _publish(server, editor, params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: lsp.DidSaveTextDocumentParams) -> None:
        _publish(server, editor, params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        import asyncio

        uri, version = params.text_document.uri, params.text_document.version
        editor.changed[uri] = version
        await asyncio.sleep(_WAIT_SECONDS)
        if editor.changed.get(uri) == version:
            _publish(server, editor, uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        editor.reports.pop(params.text_document.uri, None)
        editor.changed.pop(params.text_document.uri, None)
        server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(params.text_document.uri, []))

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        at = lsp.Range(params.position, params.position)
        findings = _findings_at(server, editor, params.text_document.uri, at)
        pages = [page for page in dict.fromkeys(page_of(finding.rule) for finding in findings) if page is not None]
        text = "\n\n---\n\n".join(page.read_text(encoding="utf-8") for page in pages)
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, text)) if text else None

    @server.feature(
        lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix])
    )
    def actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        found = _findings_at(server, editor, params.text_document.uri, params.range)
        return [action for finding in found for action in _actions(server, editor, params.text_document.uri, finding)]

    return server


def _publish(server: LanguageServer, editor: Editor, uri: str) -> None:
    path = _path(uri)
    if path is None or path.suffix not in _LANGUAGES:
        return
    diagnostics: list[lsp.Diagnostic] = []
    try:
        with unsaved(_texts(server)):
            history = read_history([path], editor.settings.migrations.format)
            report = lint_history(history, editor.settings.lint)
        editor.reports[uri] = (history, report)
        lines = _lines(server, path)
        diagnostics = [translate.diagnostic(one, lines) for one in report.standing() if one.path == path]
        diagnostics += [translate.unread(one, lines) for one in report.problems if one.path == path]
    except LintError as error:  # not a migration, or settings that cannot be used: nothing to underline
        editor.reports.pop(uri, None)
        server.window_log_message(lsp.LogMessageParams(lsp.MessageType.Info, str(error)))
    server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, diagnostics))


def _findings_at(server: LanguageServer, editor: Editor, uri: str, at: lsp.Range) -> list[Finding]:
    path = _path(uri)
    if path is None or uri not in editor.reports:
        return []
    lines = _lines(server, path)
    own = [one for one in editor.reports[uri][1].standing() if one.path == path]
    return [one for one in own if _meet(lines.range(one.begins, one.ends), at)]


def _meet(one: lsp.Range, other: lsp.Range) -> bool:
    return one.start <= other.end and other.start <= one.end


def _actions(server: LanguageServer, editor: Editor, uri: str, finding: Finding) -> list[lsp.CodeAction]:
    history, _ = editor.reports[uri]
    with unsaved(_texts(server)):
        edits = edits_of(finding, history, timeouts_of(editor.settings.inject)) if finding.fix is not None else ()
    source = _lines(server, finding.path).source
    offered = []
    if edits:
        unsafe = finding.fix.unsafe if finding.fix is not None else None
        note = f" (look at it: {unsafe})" if unsafe else ""
        offered.append((f"Write the safe form{note}: {finding.rule}", edits))
    offered.append(
        (f"Allow {finding.rule} here; write the reason behind “because”", (translate.allowing(finding, source),))
    )
    return [_action(server, finding, title, own) for title, own in offered]


def _action(server: LanguageServer, finding: Finding, title: str, edits: tuple[Edit, ...]) -> lsp.CodeAction:
    texts = {edit.path: _lines(server, edit.path) for edit in edits}
    with unsaved(_texts(server)):
        new = [path for path in texts if not is_file(path)]
    return lsp.CodeAction(
        title=title,
        kind=lsp.CodeActionKind.QuickFix,
        diagnostics=[translate.diagnostic(finding, _lines(server, finding.path))],
        edit=translate.changes(edits, texts, new),
    )


def _lines(server: LanguageServer, path: Path) -> Lines:
    with unsaved(_texts(server)):
        text = read_text(path) if is_file(path) else ""
    return Lines(path, text, server.workspace.position_codec)


def _texts(server: LanguageServer) -> dict[Path, str]:
    """What is open in the editor, saved or not."""
    documents = server.workspace.text_documents.items()
    return {path: document.source for uri, document in documents if (path := _path(uri)) is not None}


def _path(uri: str) -> Path | None:
    name = to_fs_path(uri)
    return Path(name) if name else None
