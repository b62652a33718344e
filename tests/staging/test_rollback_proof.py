"""What a way back does decides its verdict, on a real server."""

import contextlib
from pathlib import Path

import pytest

from gatekeeper.model.proof import ProofVerdict, RollbackProof
from gatekeeper.staging.judge import tolerating
from gatekeeper.staging.rollback_proof import prove
from gatekeeper.staging.scratch import scratch
from gatekeeper.staging.server import StagingServer
from migrations_lint.model import Fragment, Migration, Problem, Script, Source

TABLE = ("CREATE TABLE item (id bigint PRIMARY KEY, code varchar(10), size integer)", "DROP TABLE item")


def script(sql: str) -> Script:
    return Script((Fragment(sql, Source(Path("x.sql"), sql), 0, len(sql)),))


def history(*steps: tuple[str, str | None]) -> list[Migration]:
    return [
        Migration(str(number), "raw_sql", Path(f"{number}.sql"), script(up), script(down) if down is not None else None)
        for number, (up, down) in enumerate(steps)
    ]


def last(server: StagingServer, *steps: tuple[str, str | None]) -> RollbackProof:
    return prove(history(TABLE, *steps), server).proofs[-1]


@pytest.mark.parametrize(
    ("up", "down", "verdict"),
    [
        ("CREATE INDEX item_code ON item (code)", "DROP INDEX item_code", ProofVerdict.PROVEN),
        ("ALTER TABLE item RENAME code TO name", "ALTER TABLE item RENAME name TO code", ProofVerdict.PROVEN),
        ("ALTER TABLE item RENAME TO thing", "ALTER TABLE thing RENAME TO item", ProofVerdict.PROVEN),
        ("CREATE INDEX item_code ON item (code)", "", ProofVerdict.REFUTED),
        ("UPDATE item SET size = 0", "SELECT 1", ProofVerdict.REFUTED),
        ("ALTER TABLE item DROP COLUMN size", "ALTER TABLE item ADD COLUMN size integer", ProofVerdict.REFUTED),
        ("ALTER TABLE item ADD COLUMN extra text", "ALTER TABLE item DROP COLUMN extra", ProofVerdict.LOSSY),
        ("CREATE TABLE other (id bigint)", "DROP TABLE other", ProofVerdict.LOSSY),
        ("CREATE INDEX item_code ON item (code)", None, ProofVerdict.IRREVERSIBLE),
        ("CREATE INDEX item_code ON item (cod)", "DROP INDEX item_code", ProofVerdict.FAILED),
        ("CREATE INDEX item_code ON item (code)", "DROP INDEX item_cod", ProofVerdict.FAILED),
    ],
)  # fmt: skip
def test_the_verdict_follows_from_what_was_seen(
    server: StagingServer, up: str, down: str | None, verdict: ProofVerdict
) -> None:
    assert last(server, (up, down)).verdict is verdict


@pytest.mark.parametrize(
    ("up", "down", "harmful", "expected"),
    [
        ("CREATE TABLE other (id bigint)", "DROP TABLE other", "INSERT INTO other VALUES (1), (2)", 2),
        (
            "ALTER TABLE item ADD COLUMN paid boolean DEFAULT false",
            "ALTER TABLE item DROP COLUMN paid",
            "INSERT INTO item (id, paid) VALUES (1, true), (2, false)",
            1,
        ),
        (
            "ALTER TABLE item ALTER code TYPE text",
            "ALTER TABLE item ALTER code TYPE varchar(10) USING left(code, 10)",
            "INSERT INTO item (id, code) VALUES (1, 'eleven chars'), (2, 'short')",
            1,
        ),
        (
            "ALTER TABLE item ALTER size TYPE bigint",
            "ALTER TABLE item ALTER size TYPE integer",
            "INSERT INTO item (id, size) VALUES (1, 3000000000), (2, 1)",
            1,
        ),
    ],
)  # fmt: skip
def test_the_witness_counts_what_the_way_down_would_destroy(
    server: StagingServer, up: str, down: str, harmful: str, expected: int
) -> None:
    (loss,) = last(server, (up, down)).loss
    with scratch(server) as databases, contextlib.closing(server.connect(databases.create())) as production:
        production.execute(f"{TABLE[0]}; {up}".encode())
        assert production.execute(loss.witness.encode()).fetchone() == (0,)
        production.execute(harmful.encode())
        assert production.execute(loss.witness.encode()).fetchone() == (expected,)


def test_a_group_that_only_goes_down_together_is_clean_as_a_chain(server: StagingServer) -> None:
    report = prove(
        history(TABLE, ("CREATE INDEX one ON item (code)", "SELECT 1"), ("SELECT 1", "DROP INDEX one")), server
    )

    assert [proof.verdict for proof in report.proofs[1:]] == [ProofVerdict.REFUTED] * 2
    assert report.chain is not None
    assert report.chain.stopped_at is None
    assert report.chain.schema_differences == ()


def test_a_failing_statement_is_named_with_its_line_and_state(server: StagingServer) -> None:
    failure = last(server, ("SELECT 1;\nSELECT 1 / 0;", "SELECT 1")).failure

    assert failure is not None
    assert (failure.direction, failure.sqlstate, failure.line) == ("up", "22012", 2)


def test_a_down_that_needs_the_session_of_the_up_fails(server: StagingServer) -> None:
    proof = last(server, ("CREATE TEMPORARY TABLE kept (id integer)", "SELECT * FROM kept"))

    assert proof.verdict is ProofVerdict.FAILED


def test_an_extension_the_server_lacks_is_stood_in_for_and_said(server: StagingServer) -> None:
    up = 'CREATE EXTENSION "uuid-ossp"; ALTER TABLE item ADD COLUMN key uuid DEFAULT uuid_generate_v4()'
    proof = last(server, (up, 'ALTER TABLE item DROP COLUMN key; DROP EXTENSION "uuid-ossp"'))

    assert proof.verdict is ProofVerdict.LOSSY
    assert proof.stand_ins == ("extension uuid-ossp",)


def test_a_migration_that_was_not_read_whole_is_not_called_proven(server: StagingServer) -> None:
    (table, step) = history(TABLE, ("CREATE INDEX i ON item (code)", "DROP INDEX i"))
    problem = Problem(step.path, 3, "calls a function of the application", "Render it.")
    unread = Migration(step.id, step.tool, step.path, step.up, step.down, problems=(problem,))

    assert prove([table, unread], server).proofs[-1].verdict is ProofVerdict.FAILED


@pytest.mark.parametrize(
    ("down", "rows", "witness"),
    [
        ("DELETE FROM item WHERE size > 100", "3 of 3 rows", "SELECT count(*) FROM item WHERE size > 100"),
        (
            "-- what the way up seeded\n/* all of it */ DELETE FROM item WHERE size > 100",
            "3 of 3 rows",
            "SELECT count(*) FROM item WHERE size > 100",
        ),
        ("UPDATE item SET code = NULL WHERE size > 100", "item.code", "SELECT count(*) FROM item WHERE size > 100"),
        (
            "DO $$ BEGIN DELETE FROM item WHERE size > 101; END $$",
            "2 of 3 rows",
            'SELECT count(*) FROM "public"."item"',
        ),
    ],
)
def test_rows_written_since_the_way_up_that_it_deletes_or_overwrites_are_lost(
    server: StagingServer, down: str, rows: str, witness: str
) -> None:
    proof = last(server, ("CREATE INDEX item_code ON item (code)", f"DROP INDEX item_code; {down}"))

    assert proof.verdict is ProofVerdict.LOSSY
    (loss,) = proof.loss
    assert rows in loss.message
    assert loss.witness == witness


def test_rows_written_since_the_way_up_that_it_keeps_are_no_loss(server: StagingServer) -> None:
    up = "CREATE INDEX item_code ON item (code); INSERT INTO item VALUES (900, 'seed', 1)"
    proof = last(server, (up, "DROP INDEX item_code; DELETE FROM item WHERE code = 'seed'"))

    assert (proof.verdict, proof.loss) == (ProofVerdict.PROVEN, ())


def test_rows_since_the_way_up_that_stop_the_way_down_are_told(server: StagingServer) -> None:
    down = "DO $$ BEGIN UPDATE item SET size = size WHERE false;"
    down += " IF EXISTS (SELECT FROM item WHERE id > 100) THEN RAISE EXCEPTION 'too late'; END IF; END $$"
    proof = last(server, ("SELECT 1", down))

    assert proof.stand_ins == ("rows written since the way up stop the way down: too late",)


def test_a_table_without_rows_is_named_where_the_migration_touches_it(server: StagingServer) -> None:
    closed = ("CREATE TABLE closed (a integer CHECK (false))", "DROP TABLE closed")
    touching = last(server, closed, ("ALTER TABLE closed ADD b integer", "ALTER TABLE closed DROP b"))
    other = last(server, closed, ("ALTER TABLE item ADD b integer", "ALTER TABLE item DROP b"))

    assert [note.partition(":")[0] for note in touching.stand_ins] == ["no rows in public.closed"]
    assert other.stand_ins == ()


def test_what_a_team_tolerates_decides_the_verdict(server: StagingServer) -> None:
    report = prove(history(TABLE, ("CREATE INDEX IF NOT EXISTS item_code ON item (code)", "SELECT 1")), server)

    assert [proof.verdict for proof in tolerating(report, ("performance",)).proofs] == [
        ProofVerdict.LOSSY,
        ProofVerdict.PROVEN,
    ]
    assert tolerating(report, ("column order",)).proofs == report.proofs
