"""Where the linter and the server tell different things about a statement, the report says so, and only there."""

from pathlib import Path

import pytest

from gatekeeper.model.proof import Disagreement
from gatekeeper.staging.agreement import with_disagreements
from gatekeeper.staging.rollback_proof import prove
from gatekeeper.staging.server import StagingServer
from migrations_lint.engine import lint
from migrations_lint.model import Fragment, Migration, Script, Source
from migrations_lint.settings import LintSettings

TABLE = (
    "CREATE TABLE item (id bigint PRIMARY KEY, code varchar(10)); CREATE TABLE part (id int, item bigint); "
    "CREATE TABLE kept (id int, item bigint REFERENCES item)"
)


def step(name: str, sql: str) -> Migration:
    fragment = Fragment(sql, Source(Path(f"{name}.sql"), sql), 0, len(sql))
    return Migration(name, "raw_sql", Path(f"{name}.sql"), Script((fragment,)), None)


def told(server: StagingServer, sql: str) -> tuple[Disagreement, ...]:
    history = [step("1", TABLE), step("2", sql)]
    checked = lint(history, LintSettings(server_version=server.version)).migrations
    return with_disagreements(prove(history, server), checked).proofs[-1].disagreements


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX ON item (code); CREATE INDEX ON item (code, id); ALTER TABLE item ALTER code TYPE text",
        "ALTER TABLE part ADD FOREIGN KEY (item) REFERENCES item; UPDATE item SET code = 'x'; DROP TABLE part",
        "CREATE TABLE other (id int); ALTER TABLE other ADD COLUMN n int DEFAULT random(); CREATE INDEX ON other (n)",
        "ALTER TABLE item RENAME TO thing; ALTER TABLE thing ADD COLUMN a int; ALTER TABLE thing RENAME a TO b",
        "ALTER TABLE part ADD FOREIGN KEY (item) REFERENCES item; INSERT INTO part SELECT id, id FROM item",
        "UPDATE kept SET id = id + 10; UPDATE kept SET id = id + 10",
        "ALTER TABLE item ADD COLUMN a int; ALTER TABLE item ADD COLUMN b int; ALTER TABLE item ALTER a TYPE bigint",
    ],
)
def test_what_both_know_is_not_told(server: StagingServer, sql: str) -> None:
    assert told(server, sql) == ()


def test_what_no_text_tells_is_seen(server: StagingServer) -> None:
    sql = "SELECT 1;\nDO $$ BEGIN EXECUTE 'ALTER TABLE ' || 'item' || ' ALTER id TYPE int'; END $$"
    (one,) = [found for found in told(server, sql) if found.relation.name == "item"]

    assert (one.line, one.predicted, one.observed) == (2, "unknown", "ACCESS EXCLUSIVE (rewrite)")
