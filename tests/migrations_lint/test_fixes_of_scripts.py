"""Fixes of any script: what they write parses, is not fixed again, and builds the same schema on a real server."""

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gatekeeper.staging.compare import compare
from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer
from migrations_lint.edits import edited, trimmed
from migrations_lint.fixing import fix_history
from migrations_lint.history import History, read_history
from migrations_lint.model import Edit
from migrations_lint.parse import parse
from migrations_lint.parse.text import SqlText
from migrations_lint.settings import LintSettings
from tests.migrations_lint.harm import ran

BEFORE = """
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, note text, total int, customer_id bigint, number text NOT NULL);
CREATE INDEX orders_old ON orders (total);
CREATE TABLE events (id bigint, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
"""
STATEMENTS = [
    "CREATE INDEX orders_note ON orders (note)",
    "create unique index orders_number on orders (number) where number <> ';'",
    "CREATE INDEX events_at ON events (at)",
    "DROP INDEX orders_old",
    "DROP INDEX IF EXISTS orders_old",
    "ALTER TABLE orders ADD CONSTRAINT of_customer FOREIGN KEY (customer_id) REFERENCES customers (id)",
    "ALTER TABLE ONLY public.orders ADD FOREIGN KEY (customer_id) REFERENCES customers ON DELETE SET NULL",
    "ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0), ADD COLUMN seen date",
    "ALTER TABLE orders ADD CHECK (total < 100)",
    "ALTER TABLE orders ADD COLUMN share int CHECK (share > 0) DEFAULT 1",
    'ALTER TABLE orders ADD COLUMN "odd;name" int CONSTRAINT "Odd" CHECK ("odd;name" > 0)',
    "ALTER TABLE orders ALTER note SET NOT NULL",
    "ALTER TABLE orders ALTER COLUMN total SET NOT NULL",
    "ALTER TABLE orders ADD CONSTRAINT by_number UNIQUE (number)",
    "ALTER TABLE orders ADD UNIQUE (note, number)",
    "ALTER TABLE orders ADD UNIQUE (total) DEFERRABLE",
    "ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid()",
    "ALTER TABLE orders ADD COLUMN code text UNIQUE",
    "COMMENT ON TABLE orders IS E'it\\'s; fine'",
    "/* one /* ; */ */ ALTER TABLE customers ADD COLUMN name text -- why; not",
    "UPDATE orders SET note = 'CREATE INDEX;' WHERE id = 1",
    "SET LOCAL lock_timeout = '1s'",
    "DO $$ BEGIN CREATE INDEX orders_total ON orders (total); END $$",
]
SCRIPTS = st.tuples(
    st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=5, unique=True),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
).map(lambda parts: script(*parts))


def script(statements: list[str], line_end: str, opens_transaction: bool) -> str:
    text = "".join(f"{statement}\n;\n" for statement in statements)
    return (f"BEGIN;\n{text}COMMIT;\n" if opens_transaction else text).replace("\n", line_end)


def history_of(folder: Path, text: str) -> History:
    (folder / "1_before.sql").write_text(BEFORE)
    (folder / "2_change.sql").write_bytes(text.encode())
    return read_history([folder], "raw_sql")


@pytest.mark.parametrize("version", [15, 18])
@given(text=SCRIPTS)
@settings(max_examples=10, deadline=timedelta(seconds=30), suppress_health_check=list(HealthCheck))
def test_the_fixed_script_builds_the_same_schema(
    text: str, version: int, embedded: StagingServer, embedded_databases: Scratch
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before = history_of(folder, text)
        rules = LintSettings(server_version=version)
        original = ran(before, embedded, embedded_databases)
        assume(original is not None)

        fixed = fix_history(before, rules)
        for file in fixed.files:
            file.path.write_bytes(file.after.encode())
        after = read_history([folder], "raw_sql")

        assert fix_history(after, rules).files == ()
        assert all(parse(f).errors == () for m in after.migrations for _, s in m.scripts() for f in s.fragments)
        run = ran(after, embedded, embedded_databases)
        assert run is not None
        assert original is not None
        assert [d for d in compare(original.catalog, run.catalog) if d.refutes] == []


@given(text=st.text(), other=st.text(), start=st.integers(0, 50), length=st.integers(0, 50))
def test_a_trimmed_edit_says_the_same(text: str, other: str, start: int, length: int) -> None:
    start = min(start, len(text))
    edit = Edit(Path("a.sql"), start, min(start + length, len(text)), other)

    assert edited(text, [trimmed(edit, text)]) == edited(text, [edit])


@given(text=st.text(), word=st.sampled_from(["INDEX", "CHECK", "ADD"]))
def test_an_insertion_leaves_every_other_character(text: str, word: str) -> None:
    changed = SqlText(text).insert_after(word, " INSERTED").sql

    if changed is not None:
        at = next(i for i in range(len(changed)) if changed[:i] + changed[i + 9 :] == text)
        assert changed[at : at + 9].upper() == " INSERTED"


def test_words_inside_parentheses_strings_and_comments_are_passed_over() -> None:
    sql = "ALTER TABLE a ADD COLUMN b text /* CHECK */ DEFAULT 'CHECK' CHECK (b <> 'CHECK')"

    assert (
        SqlText(sql).without("CHECK", group=True).sql == "ALTER TABLE a ADD COLUMN b text /* CHECK */ DEFAULT 'CHECK'"
    )
