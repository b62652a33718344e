"""`gatekeeper plan` at the command line: the how-to as written, files in their place, exit codes, a real Alembic."""

import json
import shlex
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer
from tests.conftest import url_of
from tests.gatekeeper.commands import gatekeeper
from tests.pages import ROOT, Section, sections

HOW_TO = [section for section in sections(ROOT / "docs/how-to/expand-and-contract.md") if section.all("sh")]
TABLE = "CREATE TABLE orders (id bigint PRIMARY KEY, note text, amount integer NOT NULL);\n"
ENVIRONMENT = """
from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

attributes = context.config.attributes
with create_engine(attributes["url"], poolclass=NullPool).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=attributes["apart"])
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = '''"""{id}"""
import sqlalchemy as sa
from alembic import op

revision = "{id}"
down_revision = {after}


def upgrade() -> None:
    {up}


def downgrade() -> None:
    {down}
'''


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "migrations").mkdir()
    return tmp_path / "migrations"


def history(folder: Path, change: str) -> Path:
    (folder / "0001_orders.up.sql").write_text(TABLE)
    (folder / "0001_orders.down.sql").write_text("DROP TABLE orders;\n")
    (folder / "0002_change.up.sql").write_text(change)
    (folder / "0002_change.down.sql").write_text("SELECT 1;\n")
    return Path("migrations/0002_change.up.sql")


@pytest.mark.parametrize("section", HOW_TO, ids=str)
def test_the_how_to_is_true(section: Section, here: Path) -> None:
    for name, content in section.files.items():
        Path(name).write_text(content)
    said = ""
    for line in (section.text("sh") or "").splitlines():
        program, *words = shlex.split(line)
        if program == "gatekeeper":
            said += gatekeeper(*words).out
        else:
            assert program == "rm"
            for name in words:
                Path(name).unlink()

    for line in (section.text("text", "outcome") or "").splitlines():
        assert line in said.splitlines()


def test_the_files_are_written_once_and_never_over_another(here: Path) -> None:
    file = history(here, "CREATE INDEX orders_note ON orders (note);\n")
    before = {path.name: path.read_bytes() for path in here.iterdir()}

    first = gatekeeper("plan", file, "--write")
    again = gatekeeper("plan", file, "--write")

    assert (first.exit_code, again.exit_code) == (0, 3)
    assert "no free number behind 0002_change.up.sql" in again.err
    assert {name: (here / name).read_bytes() for name in before} == before
    assert (here / "0003_build_orders_note.up.sql").read_text() == (
        "-- Before deploy: Builds the index beside traffic.\nCREATE INDEX CONCURRENTLY orders_note ON orders (note);\n"
    )


def test_the_line_ends_are_those_of_the_migration(here: Path) -> None:
    file = history(here, "")
    file.write_bytes(b"ALTER TABLE orders ALTER COLUMN note SET NOT NULL;\r\n")

    gatekeeper("plan", file, "--write")

    new = (here / "0003_orders_note_not_null.up.sql").read_bytes()
    assert new.startswith(b"-- After deploy: From here on no row is written without note")
    assert new.count(b"\r\n") == new.count(b"\n") == 3


def test_a_patch_is_printed_and_nothing_written(here: Path) -> None:
    file = history(here, "CREATE INDEX orders_note ON orders (note);\n")

    answer = gatekeeper("plan", file, "--diff")

    assert answer.out.startswith("--- /dev/null\n+++ b/")
    assert "+CREATE INDEX CONCURRENTLY orders_note ON orders (note);" in answer.out
    assert len(list(here.iterdir())) == 4


def test_a_statement_that_cannot_be_split_is_the_answer_no(here: Path) -> None:
    file = history(here, "CREATE INDEX orders_note ON orders (note);\nVACUUM FULL orders;\n")

    answer = gatekeeper("plan", file, "--write")

    assert answer.exit_code == 1
    assert "0002_change.up.sql:2: cannot be split: no form of it is known" in answer.out
    assert len(list(here.iterdir())) == 4


def test_what_is_safe_has_nothing_to_split(here: Path) -> None:
    answer = gatekeeper("plan", history(here, "ALTER TABLE orders ADD COLUMN x integer;\n"), "--write")

    assert answer.exit_code == 0
    assert answer.out == "migrations/0002_change.up.sql runs safely as it is: nothing to split.\n"
    assert len(list(here.iterdir())) == 4


def test_json_has_parts_with_moment_statements_and_files(here: Path) -> None:
    file = history(here, "ALTER TABLE orders ALTER COLUMN amount TYPE bigint;\n")

    answer = json.loads(gatekeeper("plan", file, "--format", "json").out)

    assert (answer["version"], answer["written"], answer["refused"]) == (1, False, [])
    assert [part["phase"] for part in answer["parts"]] == [
        *("before deploy", "before deploy", "before deploy", "after deploy", "contract later")
    ]
    fill = answer["parts"][1]
    assert fill["backfill"] == {"by": "id"}
    assert fill["up"] == ["UPDATE orders SET amount_new = amount::bigint WHERE amount_new IS NULL"]
    assert fill["files"][0]["text"].splitlines()[:2] == [
        "-- Before deploy: Fills amount_new for the rows that are there.",
        "-- gatekeeper: backfill by id in batches of 1000",
    ]
    assert answer["summary"] == {"parts": 5, "files": 10, "refused": 0}


def test_a_folder_is_no_migration(here: Path) -> None:
    history(here, "SELECT 1;\n")

    answer = gatekeeper("plan", "migrations")

    assert (answer.exit_code, "is not one migration" in answer.err) == (3, True)


@pytest.mark.parametrize("apart", [True, False])
def test_alembic_runs_the_revisions_both_ways(
    here: Path, apart: bool, embedded: StagingServer, scratch_databases: Scratch
) -> None:
    versions = here / "versions"
    versions.mkdir()
    (here / "env.py").write_text(ENVIRONMENT)
    first = REVISION.format(id="a1", after=None, up=f'op.execute("{TABLE.strip()}")', down='op.drop_table("orders")')
    (versions / "a1_orders.py").write_text(first)
    up = 'op.alter_column("orders", "amount", type_=sa.BigInteger(), postgresql_using="(amount::text)::bigint")'
    down = 'op.alter_column("orders", "amount", type_=sa.Integer())'
    (versions / "b2_amount.py").write_text(REVISION.format(id="b2", after='"a1"', up=up, down=down))
    name = scratch_databases.create()
    url = url_of(embedded, name).replace("postgresql://", "postgresql+psycopg://")
    config = Config()
    config.set_main_option("script_location", str(here))
    config.attributes |= {"url": url, "apart": apart}

    assert gatekeeper("plan", "migrations/versions/b2_amount.py", "--write").exit_code == 0
    (versions / "b2_amount.py").unlink()
    command.upgrade(config, "a1")
    with embedded.connect(name) as connection:
        connection.execute("INSERT INTO orders VALUES (1, 'x', 7)")
    command.upgrade(config, "head")
    with embedded.connect(name) as connection:
        changed = connection.execute("SELECT pg_typeof(amount)::text, amount FROM orders").fetchone()
    command.downgrade(config, "a1")
    with embedded.connect(name) as connection:
        back = connection.execute("SELECT pg_typeof(amount)::text, to_jsonb(orders)::text FROM orders").fetchone()

    assert changed == ("bigint", 7)
    assert back == ("integer", '{"id": 1, "note": "x", "amount": 7}')
