"""A history run on a real server: the catalog that it ends in, and the worst that it does to others on the way."""

from dataclasses import dataclass
from typing import Any

from gatekeeper.model.proof import LockTrace
from gatekeeper.staging.catalog import Catalog, catalog_of
from gatekeeper.staging.lock_trace import StatementFailed, trace
from gatekeeper.staging.scratch import Scratch
from gatekeeper.staging.server import StagingServer
from migrations_lint.engine import lint
from migrations_lint.history import History
from migrations_lint.model import CheckedMigration, Direction, Work
from migrations_lint.settings import LintSettings


@dataclass(frozen=True)
class Run:
    catalog: Catalog
    traces: list[LockTrace]
    checked: list[CheckedMigration]


def ran(history: History, server: StagingServer, databases: Scratch) -> Run | None:
    """The ways up on a database of their own, one row in each table in use; None where PostgreSQL refuses them."""
    name = databases.create()
    try:
        with server.connect(name) as connection:
            first, *others = history.migrations
            trace(connection, first.up)
            checked = checked_by(history, server.version)
            traces = [trace(connection, migration.up) for migration in others]
            return Run(catalog_of(connection), traces, checked[1:])
    except StatementFailed:
        return None
    finally:
        databases.drop(name)


def checked_by(history: History, version: int) -> list[CheckedMigration]:
    return list(lint(history.migrations, LintSettings(server_version=version)).migrations)


def harm(run: Run) -> tuple[bool, bool, int]:
    """The worst moment: whether reads wait for long, whether writes do, and how strong the strongest lock is.

    Long is a scan or rewrite that was seen, or an index build, under any lock that the transaction holds by then.
    """
    reads = writes = False
    strongest = 0
    for observed, checked in zip(run.traces, run.checked, strict=True):
        held: dict[Any, Any] = {}
        transaction: int | None = None
        ups = [each for each in checked.statements if each.direction is Direction.UP]
        for traced, known in zip(observed.statements, ups, strict=True):
            if known.transaction is None or known.transaction != transaction:
                held = {}
            transaction = known.transaction
            new = {lock.relation for lock in known.locks if lock.created_here}
            for lock in traced.locks:
                if lock.relation not in new:
                    held[lock.relation] = max(held.get(lock.relation, lock.mode), lock.mode, key=lambda mode: mode.rank)
            strongest = max([strongest, *(mode.rank for mode in held.values())])
            long = {*traced.scans, *traced.rewrites}
            long |= {lock.relation for lock in known.locks if lock.work is Work.INDEX_BUILD}
            for relation in long & held.keys():
                reads |= held[relation].blocks_reads
                writes |= held[relation].blocks_writes
    return reads, writes, strongest
