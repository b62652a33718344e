"""Plans on a real server: proven both ways, to the same end, under weaker locks, both releases at work on the way."""

from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from gatekeeper.model.proof import ProofVerdict
from gatekeeper.staging.compare import compare
from gatekeeper.staging.lock_trace import run_through
from gatekeeper.staging.rollback_proof import prove
from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer
from migrations_lint.engine import lint
from migrations_lint.expansion import Phase, Plan, plan_of
from migrations_lint.expansion.files import Planned, planned
from migrations_lint.history import History, read_history
from migrations_lint.model import Severity
from migrations_lint.settings import LintSettings
from migrations_lint.timeouts import Timeouts
from tests.migrations_lint.harm import harm, ran
from tests.migrations_lint.plans import BEFORE, CASES, ROWS, Case

TIMEOUTS = Timeouts("2s")


@dataclass(frozen=True)
class Made:
    case: Case
    original: History
    plan: Plan
    files: tuple[Planned, ...]
    history: History


def laid_out(case: Case, folder: Path) -> History:
    (folder / "1_start.up.sql").write_text(BEFORE)
    (folder / "1_start.down.sql").write_text("DROP TABLE words, orders, customers;")
    (folder / "2_change.up.sql").write_text(case.change)
    (folder / "2_change.down.sql").write_text(case.down)
    return read_history([folder], "raw_sql")


@pytest.fixture
def made(case: Case, tmp_path: Path) -> Made:
    original = laid_out(case, tmp_path)
    settings = LintSettings(server_version=15)
    plan = plan_of(original.migrations, original.migrations[1], settings)
    assert plan.refusals == ()
    files = planned(plan, original.migrations[1], original.migrations, TIMEOUTS, settings)
    for each in files:
        for path, text in each.files.items():
            path.write_text(text)
    (tmp_path / "2_change.up.sql").unlink()
    (tmp_path / "2_change.down.sql").unlink()
    return Made(case, original, plan, files, read_history([tmp_path], "raw_sql"))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_part_is_proven_both_ways(made: Made, embedded: StagingServer) -> None:
    selected = {each.path for each in made.files}
    report = prove(made.history.migrations, embedded, selected=selected)

    bad = [(p.id, p.schema_differences, p.data_differences, p.failure) for p in report.proofs if is_bad(p.verdict)]
    assert len(bad) == (1 if made.case.loses else 0), bad


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_linter_finds_nothing_to_stop_a_part(made: Made) -> None:
    found = [
        (finding.rule, finding.path.name, finding.begins.line, finding.message)
        for each in made.files
        for finding in lint(
            made.history.migrations, LintSettings(server_version=15), selected=frozenset({each.path})
        ).standing()
        if finding.severity is Severity.ERROR or finding.rule.startswith("suppression")
    ]

    assert found == []


def is_bad(verdict: ProofVerdict) -> bool:
    return verdict not in {ProofVerdict.PROVEN, ProofVerdict.LOSSY}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_ends_in_the_same_schema_under_weaker_locks(
    made: Made, embedded: StagingServer, embedded_databases: Scratch
) -> None:
    planned_run = ran(made.history, embedded, embedded_databases)
    original_run = ran(made.original, embedded, embedded_databases)

    assert planned_run is not None
    assert original_run is not None
    assert [d for d in compare(original_run.catalog, planned_run.catalog) if d.refutes] == []
    reads, writes, _ = harm(original_run)
    assert harm(planned_run)[:2] == (False, False)
    assert harm(planned_run) < harm(original_run) or not (reads or writes)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_both_releases_work_at_every_stage(made: Made, embedded: StagingServer, embedded_databases: Scratch) -> None:
    name = embedded_databases.create()
    with embedded.connect(name) as connection:
        first, *others = made.history.migrations
        run_through(connection, first.up)
        connection.execute(ROWS)
        last_before = max(n for n, each in enumerate(made.files) if each.part.phase is Phase.BEFORE_DEPLOY or n == 0)
        for number, (each, migration) in enumerate(zip(made.files, others, strict=True)):
            assert migration.path == each.path
            run_through(connection, migration.up)
            phase = each.part.phase
            ends = phase is Phase.CONTRACT or (made.case.old_ends and phase is Phase.AFTER_DEPLOY)
            queries = (() if ends else made.case.old) + (made.case.new if number >= last_before else ())
            for query in queries:
                assert works(connection, query) == "", (each.path.name, query)
    embedded_databases.drop(name)


def works(connection: psycopg.Connection[object], query: str) -> str:
    """Empty, or what the server says; nothing of it stays."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(query)
    except psycopg.Error as error:
        return str(error)
    return ""


@pytest.mark.parametrize("case", [case for case in CASES if "each row" not in case.name], ids=str)
def test_the_rows_end_as_the_migration_itself_leaves_them(
    made: Made, embedded: StagingServer, embedded_databases: Scratch
) -> None:
    left = [rows_after(history, embedded, embedded_databases) for history in (made.original, made.history)]

    assert left[0]
    assert left[0] == left[1]


def rows_after(history: History, server: StagingServer, databases: Scratch) -> list[tuple[object, ...]]:
    """Every row of every table, as text that does not depend on the order of columns."""
    name = databases.create()
    with server.connect(name) as connection:
        first, *others = history.migrations
        run_through(connection, first.up)
        connection.execute(ROWS)
        connection.execute("UPDATE words SET word = 'w0', page = page + 1 WHERE page = 1")
        for migration in others:
            run_through(connection, migration.up)
        tables = connection.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " ORDER BY 1"
        ).fetchall()
        found = [
            (table, *row)
            for (table,) in tables
            for row in connection.execute(f"SELECT to_jsonb(t)::text FROM {table} t ORDER BY 1").fetchall()
        ]
    databases.drop(name)
    return found
