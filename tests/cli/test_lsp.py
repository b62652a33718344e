"""The language server, asked by a real client over standard input and output."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

from tests.pages import ROOT

UNSAFE = "CREATE INDEX orders_note ON orders (note);\n"


class Editor(LanguageClient):
    """Keeps what the server publishes, and lets a test wait for it."""

    def __init__(self) -> None:
        super().__init__("test", "1")
        self.published: asyncio.Queue[lsp.PublishDiagnosticsParams] = asyncio.Queue()
        self.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(lambda params: self.published.put_nowait(params))
        self.feature(lsp.WINDOW_LOG_MESSAGE)(lambda _: None)

    async def open(self, path: Path, text: str | None = None) -> list[lsp.Diagnostic]:
        document = lsp.TextDocumentItem(path.as_uri(), "sql", 1, text if text is not None else path.read_text())
        self.text_document_did_open(lsp.DidOpenTextDocumentParams(document))
        return await self.next()

    async def next(self) -> list[lsp.Diagnostic]:
        published = await asyncio.wait_for(self.published.get(), timeout=60)
        return list(published.diagnostics)

    async def actions(self, path: Path, at: lsp.Range) -> list[lsp.CodeAction]:
        document = lsp.TextDocumentIdentifier(path.as_uri())
        context = lsp.CodeActionContext(diagnostics=[])
        answer = await self.text_document_code_action_async(lsp.CodeActionParams(document, at, context))
        return [action for action in answer or [] if isinstance(action, lsp.CodeAction)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "1.sql").write_text("CREATE TABLE orders (id bigint PRIMARY KEY, note text);\n")
    (tmp_path / "2.sql").write_text("SET LOCAL lock_timeout = '2s';\n" + UNSAFE)
    return tmp_path


def edit(folder: Path, session: Callable[[Editor], Awaitable[None]]) -> None:
    async def run() -> None:
        editor = Editor()
        await editor.start_io(sys.executable, "-m", "gatekeeper", "lsp", cwd=folder, env={"PYTHONPATH": str(ROOT)})
        capabilities = lsp.ClientCapabilities()
        await editor.initialize_async(lsp.InitializeParams(capabilities, root_uri=folder.as_uri()))
        editor.initialized(lsp.InitializedParams())
        await session(editor)
        await editor.shutdown_async(None)
        editor.exit(None)
        await editor.stop()  # type: ignore[no-untyped-call]

    asyncio.run(asyncio.wait_for(run(), timeout=120))


def rules(diagnostics: list[lsp.Diagnostic]) -> set[object]:
    return {diagnostic.code for diagnostic in diagnostics}


def test_a_migration_is_underlined_where_it_does_harm_and_hover_shows_the_page(folder: Path) -> None:
    async def session(editor: Editor) -> None:
        diagnostics = await editor.open(folder / "2.sql")
        (found,) = [one for one in diagnostics if one.code == "index-build-blocks-writes"]
        assert found.severity is lsp.DiagnosticSeverity.Error
        assert found.range == lsp.Range(lsp.Position(1, 0), lsp.Position(1, len(UNSAFE) - 2))
        document = lsp.TextDocumentIdentifier((folder / "2.sql").as_uri())
        hover = await editor.text_document_hover_async(lsp.HoverParams(document, lsp.Position(1, 5)))
        assert hover is not None
        assert isinstance(hover.contents, lsp.MarkupContent)
        assert "# Building an index blocks writes" in hover.contents.value
        assert await editor.text_document_hover_async(lsp.HoverParams(document, lsp.Position(5, 0))) is None

    edit(folder, session)


def test_what_is_typed_counts_before_it_is_saved_and_the_schema_is_that_of_the_history(folder: Path) -> None:
    async def session(editor: Editor) -> None:
        path = folder / "3.sql"
        path.write_text("")
        assert await editor.open(path) == []
        text = "CREATE TABLE né (id int);\nCREATE INDEX ON né (id);\nDROP TABLE orders;\n"
        document = lsp.VersionedTextDocumentIdentifier(2, path.as_uri())
        whole = lsp.TextDocumentContentChangeWholeDocument(text)
        editor.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [whole]))
        typed = await editor.next()
        assert "drop-breaks-running-code" in rules(typed)
        assert "index-build-blocks-writes" not in rules(typed)

    edit(folder, session)


def test_places_are_counted_as_the_editor_counts_them(folder: Path) -> None:
    async def session(editor: Editor) -> None:
        diagnostics = await editor.open(folder / "3.sql", "SELECT '🐘'; DROP TABLE orders;\n")
        (found,) = [one for one in diagnostics if one.code == "drop-breaks-running-code"]
        assert found.range.start == lsp.Position(0, 13)  # the elephant is two units of UTF-16

    (folder / "3.sql").write_text("")
    edit(folder, session)


def test_the_safe_form_and_the_allowance_are_offered(folder: Path) -> None:
    async def session(editor: Editor) -> None:
        path = folder / "2.sql"
        (found,) = [one for one in await editor.open(path) if one.code == "index-build-blocks-writes"]
        actions = await editor.actions(path, found.range)
        allow = next(action for action in actions if action.title.startswith("Allow index-build-blocks-writes"))
        fix = next(action for action in actions if action.title.startswith("Write the safe form"))
        assert allow.edit is not None
        assert fix.edit is not None
        (changed,) = allow.edit.document_changes or []
        assert isinstance(changed, lsp.TextDocumentEdit)
        (inserted,) = changed.edits
        assert inserted.range.start == lsp.Position(1, 0)
        assert isinstance(inserted, lsp.TextEdit)
        assert inserted.new_text == "-- gatekeeper: allow index-build-blocks-writes because \n"
        assert "CONCURRENTLY" in str(fix.edit.document_changes)

    edit(folder, session)


def test_a_statement_that_cannot_be_read_is_underlined_and_a_text_that_is_no_migration_is_not(folder: Path) -> None:
    async def session(editor: Editor) -> None:
        (folder / "3.sql").write_text("CREATE TABEL x (id int);\n")
        (unread,) = await editor.open(folder / "3.sql")
        assert unread.message.startswith("not read: syntax error")
        (folder / "app").mkdir()
        (folder / "app" / "main.py").write_text("print('hello')\n")
        assert await editor.open(folder / "app" / "main.py") == []

    edit(folder, session)
