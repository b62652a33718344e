"""Whatever a file holds: no traceback, no hang, and every statement stands where it is said to stand.

`make soak` runs the same properties with many more examples (`GATEKEEPER_FUZZ_EXAMPLES`).
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import postgast
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrations_lint.api import lint_history, lint_text
from migrations_lint.errors import LintError
from migrations_lint.formats import formats
from migrations_lint.history import read_history
from migrations_lint.model import Fragment, Migration, Report, Statement
from migrations_lint.timeouts import Timeouts
from tests.migrations_lint.layouts import LAYOUTS
from tests.pages import examples

EXAMPLES = int(os.environ.get("GATEKEEPER_FUZZ_EXAMPLES", "40"))
BIG_FILE = 0.3 if EXAMPLES <= 100 else 15
SECONDS = 240
MEGABYTES = 2048

SQL = sorted({block.text for example in examples("migrations_lint/rules") for block in example.all("sql")})
PIECES = [
    *(
        "\ufeff",
        "\r\n",
        "\r",
        "\u2028",
        "\x0b",
        "\x1c",
        "\0",
        "\udcff",
        "😀",
        "é",
        "\t",
        ";",
        ";;",
        "(",
        ")",
        "[",
        "'",
        '"',
    ),
    *(
        "--",
        "-- x\n",
        "/*",
        "*/",
        "/* /* */",
        "$$",
        "$a$",
        "$1",
        "E'\\'",
        "U&'\\0061'",
        "\\",
        "::",
        ":name",
        ":'v'",
        "${x}",
    ),
    *("BEGIN;", "COMMIT;", "ROLLBACK;", "BEGIN ATOMIC", "END;", "CASE", "DO $$ BEGIN EXECUTE x; END $$;"),
    *("\\restrict abc\n", "\\i other.sql\n", "\\copy t from 'f' csv\n", "\\if :x\n", "\\gexec\n", "\\q\n"),
    *("COPY t FROM stdin;\n1\tit's; $$\n\\.\n", "COPY t FROM stdin;\n", "\\.\n"),
    *("-- migrate:up\n", "-- migrate:down\n", "-- +goose Up\n", "-- +goose Down\n", "-- +goose StatementBegin\n"),
    *("-- +goose StatementEnd\n", "-- +goose NO TRANSACTION\n", "-- +goose ENVSUB ON\n", "-- no-transaction\n"),
    *("-- gatekeeper: allow effect-unknown because x\n", "-- gatekeeper: allow\n"),
]
NESTED = {
    "brackets": ("SELECT ", "(", "1", ")"),
    "negations": ("SELECT ", "NOT ", "true", ""),
    "sums": ("SELECT ", "1 + ", "1", ""),
    "texts": ("UPDATE t SET a = ", "a || ", "a", ""),
    "conjunctions": ("SELECT ", "a AND ", "a", ""),
    "subselects": ("SELECT ", "(SELECT ", "1", ")"),
    "tables": ("SELECT * FROM ", "(SELECT * FROM ", "t", ") x"),
    "cases": ("SELECT ", "CASE WHEN a THEN ", "1", " END"),
    "arrays": ("SELECT ", "ARRAY[", "1", "]"),
    "calls": ("SELECT ", "f(", "a", ")"),
    "unions": ("SELECT 1", " UNION SELECT 1", "", ""),
    "comments": ("", "/*", "", "*/"),
    "blocks": ("DO $$ BEGIN ", "IF a THEN ", "NULL; ", "END IF; "),
}


def nested(kind: str, times: int) -> str:
    head, opening, middle, closing = NESTED[kind]
    return head + opening * times + middle + closing * times


DEEP = st.builds(nested, st.sampled_from(sorted(NESTED)), st.one_of(st.integers(1, 120), st.integers(121, 5000)))


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """SQL of the pages, cut, doubled, and with strange pieces in the middle."""
    text = draw(st.sampled_from(SQL))
    for _ in range(draw(st.integers(0, 4))):
        start, end = sorted(draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
        middle = draw(
            st.one_of(st.sampled_from(PIECES), st.just(""), st.just(text[start:end] * 2), st.text(max_size=5))
        )
        text = text[:start] + middle + text[end:]
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n", "\r"])))


TEXTS = st.one_of(mutated(), st.lists(st.sampled_from([*PIECES, *SQL]), max_size=8).map("".join), st.text(), DEEP)
FILES = st.one_of(
    st.tuples(TEXTS, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"])).map(
        lambda pair: pair[0].encode(pair[1], errors="replace")
    ),
    st.binary(max_size=200),
)
FUZZED = settings(
    max_examples=EXAMPLES,
    deadline=timedelta(seconds=20),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def statements(report: Report) -> Iterator[Statement]:
    for checked in report.migrations:
        yield from (each.statement for each in checked.statements)


def require_right_places(report: Report) -> None:
    for statement in statements(report):
        fragment, source = statement.fragment, statement.fragment.source.text
        assert fragment.sql[statement.start : statement.end] == statement.sql
        if fragment.verbatim:
            assert source[fragment.start : fragment.end] == fragment.sql
            assert source[fragment.in_file(statement.start) : fragment.in_file(statement.end)] == statement.sql
    lines = {
        fragment.source.path: fragment.source.text.count("\n") + 1
        for checked in report.migrations
        for fragment in fragments(checked.migration)
    }
    for finding in report.findings:
        assert 1 <= finding.begins.line <= finding.ends.line <= lines[finding.path]
    for problem in report.problems:
        assert 1 <= problem.line <= lines.get(problem.path, sys.maxsize)


def fragments(migration: Migration) -> Iterator[Fragment]:
    for _, script in migration.scripts():
        yield from script.fragments


@given(text=TEXTS)
@FUZZED
def test_any_text_is_linted_in_its_places(text: str) -> None:
    require_right_places(lint_text(text))


@pytest.mark.parametrize(
    ("kind", "times"),
    [(kind, times) for kind in sorted(NESTED) for times in (50, 5_000)]
    + [(kind, 100_000) for kind in ("comments", "sums", "texts", "unions")],
)
def test_nesting_is_followed_or_refused_and_never_exhausts_a_stack(kind: str, times: int) -> None:
    report = lint_text(nested(kind, times))

    require_right_places(report)
    if times == 50 and kind not in {"blocks", "comments"}:
        assert report.problems == ()
        assert len(report.migrations[0].statements) == 1


def test_nothing_is_dropped_in_silence_behind_a_null_character() -> None:
    (problem,) = lint_text("SELECT 1;\nSELECT \0; DROP TABLE t;").problems

    assert (problem.line, "NUL" in problem.message) == (2, True)


def comments_in(sql: str) -> list[tuple[int, int]]:
    """The characters from where to where PostgreSQL's scanner sees a comment."""
    kinds = {postgast.pg_query_pb2.SQL_COMMENT, postgast.pg_query_pb2.C_COMMENT}
    found = [token for token in postgast.scan(sql).tokens if token.token in kinds]
    return [(len(sql.encode()[: t.start].decode()), len(sql.encode()[: t.end].decode())) for t in found]


@given(text=TEXTS)
@FUZZED
def test_what_is_no_statement_is_a_comment_a_semicolon_or_a_syntax_error(text: str) -> None:
    report = lint_text(text)
    (checked,) = report.migrations
    (fragment,) = checked.migration.up.fragments
    if report.problems:
        return
    rest, at = "", 0
    spans = [(statement.start, statement.end) for statement in statements(report)]
    for start, end in sorted([*spans, *comments_in(fragment.sql)]):
        rest += text[at:start] if start >= at else ""
        at = max(at, end)
    assert (rest + text[at:]).replace(";", "").strip(" \t\r\n\f\v") == ""


@pytest.mark.parametrize("tool", sorted(LAYOUTS))
@given(content=FILES, framed=st.booleans(), other=FILES)
@FUZZED
def test_any_file_is_read_linted_and_injected_by_every_format(
    tool: str, content: bytes, framed: bool, other: bytes, tmp_path: Path
) -> None:
    layout = LAYOUTS[tool]
    path = tmp_path / layout.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(layout.head.encode() + content + layout.tail.encode() if framed else content)
    beside = path.with_name(path.name.replace("up.sql", "down.sql").replace("V1", "U1"))
    if beside != path:
        beside.write_bytes(other)
    try:
        history = read_history([tmp_path], tool)
    except LintError:
        return

    require_right_places(lint_history(history))

    for migration in history.migrations:
        edits = formats()[tool].with_timeout(migration, Timeouts("2s", "1min"))
        assert all(0 <= edit.start <= edit.end for edit in edits)
        for fragment in fragments(migration):
            formats()[tool].outside_transaction(migration, fragment)


CODE = [
    *("op.execute('DROP TABLE a')", 'op.execute("""\nSELECT 1;\n""")', "op.add_column('a', sa.Column('b'))", "1/0"),
    *("op.get_bind().execute(sa.text('SELECT 1')).all()", "raise SystemExit", "return", "yield", "x = ["),
    *("op.bulk_insert(sa.table('a', sa.column('b')), [{'b': 1}])", "with op.get_context().autocommit_block(): pass"),
    *("'\udcff'", "# é\r", "\x0c", "\t", "pass", "def f(): f()", "f()", "print(1)", "op.nothing(1)", "import nothing"),
]


@given(up=st.lists(st.sampled_from(CODE), max_size=4), down=st.lists(st.sampled_from(CODE), max_size=3), tail=TEXTS)
@FUZZED
def test_any_revision_is_read_linted_and_injected(up: list[str], down: list[str], tail: str, tmp_path: Path) -> None:
    ways = "".join(
        f"def {name}():\n    pass\n" + "".join(f"    {line}\n" for line in lines)
        for name, lines in (("upgrade", up), ("downgrade", down))
    )
    head = "import sqlalchemy as sa\nfrom alembic import op\nrevision = 'a'\ndown_revision = None\n"
    (tmp_path / "a.py").write_bytes(f"{head}{ways}# {tail}".encode(errors="replace"))
    try:
        history = read_history([tmp_path], "alembic")
    except LintError:
        return

    require_right_places(lint_history(history))
    for migration in history.migrations:
        formats()["alembic"].with_timeout(migration, Timeouts("2s"))
        for fragment in fragments(migration):
            formats()["alembic"].outside_transaction(migration, fragment)


BIG = {
    "rows": ("INSERT INTO clinics VALUES\n", "(1, 'The Old Mill''s; by the river, second door'),\n", "(2, NULL);"),
    "statements": ("", "INSERT INTO clinics VALUES (1, 'The Old Mill''s; by the river, second door');\n", ""),
    "copy": ("COPY clinics FROM stdin;\n", "1\tThe Old Mill's; by the river\n", "\\.\nDROP TABLE clinics;\n"),
    "one string": ("SELECT '", "A long story about $$ and \\ and -- nothing. ", "';"),
    "comments": ("", "/* nothing to see here */ -- go on\n", ""),
    "binary": ("", "".join(map(chr, range(1, 128))), ""),
}


@pytest.mark.parametrize(
    ("megabytes", "kind"), [(BIG_FILE, kind) for kind in sorted(BIG)] + [(50, "rows"), (50, "copy")]
)
def test_a_big_file_ends_in_bounded_time_and_memory(megabytes: int, kind: str, tmp_path: Path) -> None:
    head, one, tail = BIG[kind]
    (tmp_path / "1.sql").write_text(head + one * (int(megabytes * 1_000_000) // len(one)) + tail)
    program = (
        "import resource, sys; from pathlib import Path; from migrations_lint.api import lint_paths; "
        f"resource.setrlimit(resource.RLIMIT_AS, ({MEGABYTES} * 1024 * 1024,) * 2); "
        "r = lint_paths([Path(sys.argv[1])]); print(len(r.migrations), [p.message for p in r.unread])"
    )

    answer = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=SECONDS, check=False
    )

    assert (answer.stderr, answer.returncode) == ("", 0)
    if megabytes > 20:
        assert answer.stdout == "0 ['has 50 MB, and files beyond 20 MB are not read']\n"
    else:
        assert answer.stdout == "1 []\n"
