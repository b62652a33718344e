"""Plans of real migrations: where nothing is refused, the parts end in the schema that the migration itself makes.

GATEKEEPER_HISTORIES names the folders, with blanks between them; without it nothing is tried here.
"""

import os
from collections import Counter
from pathlib import Path

import pytest

from gatekeeper.model.grade import COLUMN_ORDER
from gatekeeper.staging.catalog import Catalog, catalog_of
from gatekeeper.staging.compare import compare
from gatekeeper.staging.lock_trace import StatementFailed, run_through
from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer
from gatekeeper.staging.stand_ins import StandIns
from migrations_lint.expansion import Plan, plan_of
from migrations_lint.history import read_history
from migrations_lint.model import Fragment, Script, Source
from migrations_lint.settings import LintSettings

FOLDERS = [Path(name) for name in os.environ.get("GATEKEEPER_HISTORIES", "").split()]
SETTINGS = LintSettings(server_version=15)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: "-".join(folder.parts[-3:]))
def test_the_parts_end_where_the_migration_ends(
    folder: Path, embedded: StagingServer, embedded_databases: Scratch
) -> None:
    migrations = [one for one in read_history([folder]).migrations if folder in one.path.parents]
    base = embedded_databases.create()
    counts: Counter[str] = Counter()
    wrong: list[object] = []
    for migration in migrations:
        plan = plan_of(migrations, migration, SETTINGS)
        kind = "refused" if plan.refusals else "safe" if plan.changes_nothing else "split"
        if kind == "split":
            ends = [ended(embedded, embedded_databases, base, one) for one in (migration.up, scripted(plan))]
            if isinstance(ends[0], str):
                kind = "fails by itself"
            elif isinstance(ends[1], str):
                wrong.append((migration.path.name, ends[1]))
            else:
                differences = [d for d in compare(ends[0], ends[1], (COLUMN_ORDER, "comment")) if d.refutes]
                wrong += [(migration.path.name, differences)] if differences else []
        counts[kind] += 1
        ended(embedded, embedded_databases, base, migration.up, keep=True)
    assert (wrong, counts["split"] + counts["safe"] > 0) == ([], True), dict(counts)


def scripted(plan: Plan) -> Script:
    fragments = [
        Fragment(step.sql, Source(Path("plan.sql"), step.sql), 0, len(step.sql), False, not part.is_alone, number == 0)
        for part in plan.parts
        for number, step in enumerate(part.steps)
    ]
    return Script(tuple(fragments))


def ended(server: StagingServer, databases: Scratch, base: str, script: Script, *, keep: bool = False) -> Catalog | str:
    """The catalog after the script, on a copy of the database so far or on that itself; else what failed."""
    name = base if keep else databases.create(base)
    try:
        with server.connect(name) as connection:
            connection.add_notice_handler(lambda notice: None)
            names = connection.execute("SELECT name FROM pg_available_extensions").fetchall()
            run_through(connection, script, StandIns(frozenset(one for (one,) in names)).substitute)
            return catalog_of(connection)
    except StatementFailed as failed:
        return str(failed.cause)
    finally:
        if not keep:
            databases.drop(name)
