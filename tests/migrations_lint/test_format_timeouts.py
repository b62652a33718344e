"""Timeouts in any script: written once, and nothing else is touched."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from migrations_lint.edits import edited
from migrations_lint.errors import UnreadableMigration
from migrations_lint.files import sql_script
from migrations_lint.formats import formats
from migrations_lint.model import Edit, Fragment
from migrations_lint.outline import outline
from migrations_lint.parse import parse
from migrations_lint.timeouts import Timeouts, in_one_string, statement_by_statement
from tests.migrations_lint.layouts import LAYOUTS, read

PATH = Path("1_a.up.sql")
STATEMENTS = [
    "ALTER TABLE clinics ADD COLUMN name text",
    "CREATE INDEX CONCURRENTLY clinics_name ON clinics (name)",
    "DROP INDEX CONCURRENTLY clinics_name",
    "VACUUM clinics",
    "UPDATE clinics SET name = ';'",
    "SET LOCAL lock_timeout = '1s'",
    "SET lock_timeout TO '1s'",
    "RESET lock_timeout",
    "SELECT set_config('lock_timeout', '1s', true)",
    "BEGIN",
    "COMMIT",
    "DO $do$ BEGIN PERFORM 1; END $do$",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END",
    "/* one /* ; two */ */ TRUNCATE clinics",
    "-- why; not\nLOCK clinics",
    'ALTER TABLE "a;b" RENAME TO "CONCURRENTLY"',
    "COMMENT ON TABLE clinics IS E'it\\'s;'",
]
SCRIPTS = st.lists(st.sampled_from(STATEMENTS), max_size=6).flatmap(
    lambda statements: st.tuples(
        st.sampled_from(["", "\ufeff", "-- head\n", "\n\n  ", "\ufeff/* head */ "]),
        st.just(statements),
        st.sampled_from([";\n", "; ", ";\n\n-- next\n", ";;\n"]),
        st.sampled_from(["", ";", ";\n", " -- end"]),
        st.sampled_from(["\n", "\r\n"]),
    ).map(lambda parts: (parts[0] + parts[2].join(parts[1]) + parts[3]).replace("\n", parts[4]))
)
TOOLS = sorted(LAYOUTS)


ALL = Timeouts("2s", "1min", "10s", "1h")


def due(tool: str, text: str, folder: Path, timeouts: Timeouts = ALL) -> tuple[Edit, ...]:
    return formats()[tool].with_timeout(read(tool, text, folder), timeouts)


def test_every_tool_of_plain_sql_is_tried() -> None:
    assert set(LAYOUTS) == set(formats()) - {"alembic", "django"}


@pytest.mark.parametrize("tool", TOOLS)
@given(text=SCRIPTS | st.text().filter(lambda text: "\0" not in text))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_timeouts_are_insertions_and_due_only_once(tool: str, text: str, tmp_path: Path) -> None:
    text = LAYOUTS[tool].framed(text)
    try:
        read(tool, text, tmp_path)
    except UnreadableMigration:  # a mark of the tool's own, or a break that ends a comment for it
        assume(False)
    edits = due(tool, text, tmp_path)
    after = edited(text, edits)

    assert all(edit.start == edit.end for edit in edits)
    assert without(after, edits) == text
    assert due(tool, after, tmp_path) == ()


@pytest.mark.parametrize("tool", TOOLS)
@given(text=SCRIPTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_statements_stay_as_they_were(tool: str, text: str, tmp_path: Path) -> None:
    text = LAYOUTS[tool].framed(text)
    edits = due(tool, text, tmp_path)
    assume(edits)

    after = [piece.sql for piece in outline(edited(text, edits).lstrip("\ufeff"))]

    before = [piece.sql for piece in outline(text.lstrip("\ufeff"))]
    for statement in before:
        after.remove(statement)
    assert set(after) <= set(INJECTED)


NAMES = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
INJECTED = [f"RESET {name}" for name in NAMES] + [
    f"{word} {name} = '{value}'"
    for word in ("SET", "SET LOCAL")
    for name, values in zip(NAMES, (("2s",), ("1min", "1h"), ("10s",)), strict=True)
    for value in values
]


@given(text=SCRIPTS)
@settings(deadline=None)
def test_the_outline_agrees_with_the_grammar(text: str) -> None:
    for fragment in sql_script(PATH, text, in_transaction=True).fragments:
        parsed = parse(fragment)
        assert parsed.errors == ()
        pieces = outline(fragment.sql)
        assert [each.start for each in parsed.statements] == [piece.start for piece in pieces]
        # The grammar counts a comment behind the last statement as its end.
        assert all(each.sql.startswith(piece.sql) for each, piece in zip(parsed.statements, pieces, strict=True))


@given(text=st.text())
def test_any_text_has_an_outline(text: str) -> None:
    pieces = outline(text)

    assert all(text[piece.start : piece.end] == piece.sql for piece in pieces)
    assert [piece.start for piece in pieces] == sorted(piece.start for piece in pieces)


def sql_after(text: str, *, in_transaction: bool, one_string: bool = False, limit: str | None = None) -> str:
    script = sql_script(PATH, text, in_transaction=in_transaction)
    write = in_one_string if one_string else statement_by_statement
    return edited(text, write(script, Timeouts("2s", limit)))


def test_a_concurrent_build_has_the_limit_of_what_works_beside_traffic() -> None:
    text = "ALTER TABLE a ADD b int;\nCREATE INDEX CONCURRENTLY c ON a (b);\nALTER TABLE a ADD d int;\n"

    assert sql_after(text, in_transaction=False, limit="1min") == (
        "SET lock_timeout = '2s';\nSET statement_timeout = '1min';\n"
        "ALTER TABLE a ADD b int;\nRESET lock_timeout;\nRESET statement_timeout;\n"
        "SET statement_timeout = '0';\nCREATE INDEX CONCURRENTLY c ON a (b);\nRESET statement_timeout;\n"
        "SET lock_timeout = '2s';\nSET statement_timeout = '1min';\n"
        "ALTER TABLE a ADD d int;\nRESET lock_timeout;\nRESET statement_timeout;\n"
    )


def test_without_a_limit_a_concurrent_build_is_left_alone() -> None:
    text = "CREATE INDEX CONCURRENTLY c ON a (b);\n"

    assert sql_after(text, in_transaction=False) == text


def test_a_validation_has_a_limit_of_its_own_between_short_statements() -> None:
    text = "ALTER TABLE a ADD b int;\nALTER TABLE a VALIDATE CONSTRAINT c;\nALTER TABLE a DROP d;\n"
    script = sql_script(PATH, text, in_transaction=True)

    assert edited(text, statement_by_statement(script, Timeouts("2s", "5s", "10s", "1h"))) == (
        "SET LOCAL lock_timeout = '2s';\nSET LOCAL statement_timeout = '5s';\n"
        "SET LOCAL idle_in_transaction_session_timeout = '10s';\nALTER TABLE a ADD b int;\n"
        "SET LOCAL statement_timeout = '1h';\nALTER TABLE a VALIDATE CONSTRAINT c;\n"
        "SET LOCAL statement_timeout = '5s';\nALTER TABLE a DROP d;\n"
    )


def test_a_transaction_of_the_file_begins_with_them() -> None:
    assert sql_after("BEGIN;\nDROP TABLE a;\nCOMMIT;\n", in_transaction=False) == (
        "BEGIN;\nSET LOCAL lock_timeout = '2s';\nDROP TABLE a;\nCOMMIT;\n"
    )


def test_several_transactions_of_the_file_share_them() -> None:
    text = "BEGIN;\nDROP TABLE a;\nCOMMIT;\nBEGIN;\nDROP TABLE b;\nCOMMIT"

    for one_string in (True, False):
        assert sql_after(text, in_transaction=one_string, one_string=one_string) == (
            f"SET lock_timeout = '2s';\n{text};\nRESET lock_timeout;"
        )


def test_a_script_that_only_changes_rows_needs_none() -> None:
    assert sql_after("UPDATE a SET b = 1;\n", in_transaction=True) == "UPDATE a SET b = 1;\n"


def test_a_timeout_after_the_first_change_comes_too_late() -> None:
    text = "DROP TABLE a;\nSET LOCAL lock_timeout = '1s';\n"

    assert sql_after(text, in_transaction=True).startswith("SET LOCAL lock_timeout = '2s';\nDROP TABLE a;")


REVISION_PARTS = [
    'op.execute("ALTER TABLE a ADD b int")',
    "op.execute(\"SET LOCAL lock_timeout = '1s'\")",
    "op.execute(\"SET lock_timeout = '1s'\")",
    'op.create_index("c", "a", ["b"])',
    'op.execute("UPDATE a SET b = 1")',
    "with op.get_context().autocommit_block():\n    op.execute(\"ALTER TYPE m ADD VALUE 'n'\")",
    "with op.get_context().autocommit_block():\n    for n in 'cd':\n        op.execute(f'DROP TABLE {n}')",
    'with op.get_context().autocommit_block():\n    op.create_index("c", "a", ["b"], postgresql_concurrently=True)',
    "op.get_bind().execute(sa.text('SELECT 1')).all()",
    'x = 1; op.drop_table("a")',
    "if True:\n    shared()",
    "undefined()",
]
BODIES = st.lists(st.sampled_from(REVISION_PARTS), max_size=4)


@given(up=BODIES, down=BODIES, docstring=st.booleans(), newline=st.sampled_from(["\n", "\r\n"]))
@example(
    up=[],
    down=[
        'with op.get_context().autocommit_block():\n    op.create_index("c", "a", ["b"], postgresql_concurrently=True)',
        "undefined()",
    ],
    docstring=False,
    newline="\n",
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=timedelta(seconds=5))
def test_a_revision_runs_as_before_with_them_and_gets_them_once(
    up: list[str], down: list[str], docstring: bool, newline: str, tmp_path: Path
) -> None:
    text = revision(up, down, docstring=docstring).replace("\n", newline)
    (tmp_path / "a.py").write_bytes(text.encode())
    before = formats()["alembic"].read(tmp_path / "a.py", text)

    edits = formats()["alembic"].with_timeout(before, ALL)
    after_text = edited(text, edits)
    after = formats()["alembic"].read(tmp_path / "a.py", after_text)

    assert without(after_text, edits) == text
    assert formats()["alembic"].with_timeout(after, ALL) == ()
    assert [ours(before.up.fragments), ours(before.down.fragments if before.down else ())] == [
        ours(after.up.fragments),
        ours(after.down.fragments if after.down else ()),
    ]


def revision(up: list[str], down: list[str], *, docstring: bool) -> str:
    head = "import sqlalchemy as sa\nfrom alembic import op\nrevision = 'a'\ndown_revision = None\n"
    shared = "def shared():\n    op.execute('DROP TABLE z')\n"
    ways = ""
    for name, body in (("upgrade", up), ("downgrade", down)):
        lines = ['"""Why."""'] * docstring + body or ["pass"]
        ways += f"def {name}():\n" + "".join(f"    {line}\n" for part in lines for line in part.split("\n"))
    return head + shared + ways


def ours(fragments: tuple[Fragment, ...]) -> list[tuple[str, bool]]:
    """What runs, apart from what is injected."""
    return [(each.sql, each.in_transaction) for each in fragments if each.sql not in INJECTED]


def without(text: str, edits: tuple[Edit, ...]) -> str:
    """The text with the insertions taken out again."""
    for edit in sorted(edits, key=lambda edit: edit.start):
        assert text[edit.start : edit.start + len(edit.text)] == edit.text
        text = text[: edit.start] + text[edit.start + len(edit.text) :]
    return text


def test_edits_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="overlap"):
        edited("abc", [Edit(PATH, 0, 2, ""), Edit(PATH, 1, 3, "")])


def test_several_statements_that_goose_sends_as_one_string_have_it_in_that_string(tmp_path: Path) -> None:
    text = (
        "-- +goose NO TRANSACTION\n-- +goose Up\n-- +goose StatementBegin\n"
        "ALTER TABLE a ADD b int;\nALTER TABLE a ADD c int;\n-- +goose StatementEnd\n"
    )

    after = edited(text, due("goose", text, tmp_path, Timeouts("2s")))

    assert "StatementBegin\nSET LOCAL lock_timeout = '2s';\nALTER TABLE a ADD b int;\n" in after
    assert due("goose", after, tmp_path, Timeouts("2s")) == ()
