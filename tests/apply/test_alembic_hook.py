"""The two lines in `env.py`, in real runs of Alembic: the server is asked inside the migrations what is in force."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from gatekeeper.apply.alembic import TimeoutNotInForce
from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer
from migrations_lint.timeouts import Timeouts
from tests.conftest import url_of

ENVIRONMENT = """
from alembic import context
from gatekeeper.apply.alembic import with_timeouts
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

attributes = context.config.attributes
with create_engine(attributes["url"], poolclass=NullPool).connect() as connection:
    with_timeouts(connection, *attributes["timeouts"])
    context.configure(connection=connection, transaction_per_migration=attributes["apart"])
    with context.begin_transaction():
        context.run_migrations()
"""
HEAD = "from alembic import op\nrevision = '{id}'\ndown_revision = {after!r}\n\n\ndef upgrade():\n"
NOTE = (
    "op.execute(\"INSERT INTO seen VALUES ('{where}', current_setting('lock_timeout'), "
    "current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout'))\")"
)
# A concurrent build calls the function of its expression, which sees what is in force.
BODIES = {
    "a1": [
        "op.execute('CREATE TABLE seen (place text, lock text, statement text, idle text)')",
        "op.execute('CREATE TABLE orders (id int)')",
        NOTE.format(where="first"),
    ],
    "a2": [
        "op.execute('ALTER TABLE orders ADD COLUMN note text')",
        NOTE.format(where="second"),
        "with op.get_context().autocommit_block():",
        f"    {NOTE.format(where='block')}",
        "    op.execute('CREATE INDEX CONCURRENTLY orders_note ON orders (spied(note))')",
        "    op.execute(\"SET lock_timeout = '7s'\")",
        f"    {NOTE.format(where='their block')}",
        "    op.execute('RESET lock_timeout')",
        NOTE.format(where="after the block"),
    ],
    "a3": ["op.execute(\"SET LOCAL lock_timeout = '9s'\")", NOTE.format(where="their own")],
    "a4": [NOTE.format(where="last")],
}
SPY = """
CREATE FUNCTION spied(note text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('lock_timeout') <> '0' OR current_setting('statement_timeout') <> '1h' THEN
        RAISE 'built with lock_timeout %, statement_timeout %',
            current_setting('lock_timeout'), current_setting('statement_timeout');
    END IF;
    RETURN note;
END $$
"""


@pytest.fixture
def config(tmp_path: Path, embedded: StagingServer, scratch_databases: Scratch) -> Config:
    (tmp_path / "versions").mkdir()
    (tmp_path / "env.py").write_text(ENVIRONMENT)
    after = None
    for name, body in BODIES.items():
        text = HEAD.format(id=name, after=after) + "".join(f"    {line}\n" for line in body)
        (tmp_path / "versions" / f"{name}.py").write_text(text)
        after = name
    database = scratch_databases.create()
    made = Config()
    made.set_main_option("script_location", str(tmp_path))
    made.attributes["database"] = database
    made.attributes["url"] = url_of(embedded, database).replace("postgresql://", "postgresql+psycopg://")
    with embedded.connect(database) as connection:
        connection.execute(SPY)
    return made


def seen(server: StagingServer, config: Config) -> dict[str, tuple[str, ...]]:
    with server.connect(config.attributes["database"]) as connection:
        rows = connection.execute("SELECT * FROM seen").fetchall()
    return {place: tuple(settings) for place, *settings in rows}


@pytest.mark.parametrize("apart", [True, False])
def test_each_transaction_and_each_statement_outside_has_the_timeouts(
    config: Config, embedded: StagingServer, apart: bool
) -> None:
    config.attributes |= {"apart": apart, "timeouts": [Timeouts("2s", "5s", "10s", "1h")]}

    command.upgrade(config, "head")

    ours, theirs = ("2s", "5s", "10s"), ("9s", "5s", "10s")
    assert seen(embedded, config) == {
        "first": ours,
        "second": ours,
        "block": ("2s", "5s", "0"),
        "their block": ("7s", "0", "0"),
        "after the block": ours,
        "their own": theirs,
        "last": ours if apart else theirs,
    }


def test_the_settings_decide_where_nothing_is_given(
    config: Config, embedded: StagingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEKEEPER_INJECT__LOCK_TIMEOUT", "1500ms")
    config.attributes |= {"apart": True, "timeouts": []}

    command.upgrade(config, "a1")

    assert seen(embedded, config) == {"first": ("1500ms", "0", "0")}


def test_a_concurrent_build_waits_and_works_as_long_as_it_has_to(config: Config, embedded: StagingServer) -> None:
    config.attributes |= {"apart": True, "timeouts": [Timeouts("2s", "5s", None, "1h")]}
    command.upgrade(config, "a1")
    with embedded.connect(config.attributes["database"]) as connection:
        connection.execute("INSERT INTO orders VALUES (1)")
        connection.execute("ALTER DATABASE %s SET lock_timeout = '1s'" % config.attributes["database"])  # noqa: UP031

    command.upgrade(config, "a2")

    with embedded.connect(config.attributes["database"]) as connection:
        valid = connection.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_note'::regclass"
        ).fetchone()
    assert valid == (True,)


def test_a_server_that_has_not_what_was_set_is_told_before_the_migration_runs(
    config: Config, embedded: StagingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.attributes |= {"apart": True, "timeouts": [Timeouts("2s")]}
    monkeypatch.setattr(Timeouts, "local", lambda self, long=False: ("SET LOCAL lock_timeout = '3s'",))

    with pytest.raises(TimeoutNotInForce, match="lock_timeout is 3s, although it was set to 2s"):
        command.upgrade(config, "head")
