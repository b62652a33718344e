"""Releases as rows, and back."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, RowMapping, insert, select, update

from gatekeeper.model.audit import AuditEvent
from gatekeeper.model.release import Outcome, Phase, PlannedMigration, PlannedUndo, Release
from gatekeeper.store import tables
from gatekeeper.store.audit import append
from gatekeeper.store.outbox import Letter, put

_releases = tables.releases


class Releases:
    """All releases of all services that this store knows."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, release: Release, letters: Sequence[Letter] = (), *, again: str = "") -> None:
        """Remember a new release, what people are to be told of its start, and why what failed goes out again."""
        with self._engine.begin() as connection:
            connection.execute(insert(_releases).values(_row(release)))
            details = {
                "version": release.version,
                "previous": release.previous,
                "commit": release.commit,
                "migrations": [migration.id for migration in release.migrations],
                **({"again": again} if again else {}),
            }
            append(connection, AuditEvent(release.starter, "start", release.id, release.started, details=details))
            put(connection, letters, release.started)

    def save(self, release: Release) -> None:
        """Remember how far it has come."""
        with self._engine.begin() as connection:
            connection.execute(update(_releases).where(_releases.c.id == release.id).values(_row(release)))

    def end(self, release: Release, by: str, at: datetime, letters: Sequence[Letter] = ()) -> None:
        """Remember how a run of it ended, or where it waits, and what people are to be told of that."""
        action = release.outcome.value if release.outcome else "pause"
        details = {"summary": release.summary, "undo": [release.undo.row, release.undo.plan] if release.undo else None}
        with self._engine.begin() as connection:
            connection.execute(update(_releases).where(_releases.c.id == release.id).values(_row(release)))
            append(connection, AuditEvent(by, action, release.id, at, release.digest, details))
            put(connection, letters, at)

    def reopen(self, release: Release, asked: str, by: str, at: datetime) -> None:
        """Remember that somebody asked to go on with it, or to take it back."""
        with self._engine.begin() as connection:
            connection.execute(update(_releases).where(_releases.c.id == release.id).values(_row(release)))
            append(connection, AuditEvent(by, asked, release.id, at, release.digest))

    def find(self, release_id: str) -> Release | None:
        """The release whose id is, or begins with, `release_id`; None where there is not exactly one."""
        pattern = _releases.c.id.startswith(release_id, autoescape=True)
        with self._engine.begin() as connection:
            rows = connection.execute(select(_releases).where(pattern)).mappings().all()
        exact = [row for row in rows if row["id"] == release_id]
        return _release((exact or rows)[0]) if len(exact or rows) == 1 and release_id else None

    def newest(self, limit: int = 20) -> tuple[Release, ...]:
        """The last ones started, newest first."""
        query = select(_releases).order_by(_releases.c.started.desc(), _releases.c.id.desc()).limit(limit)
        with self._engine.begin() as connection:
            return tuple(_release(row) for row in connection.execute(query).mappings())

    def unfinished(self) -> tuple[Release, ...]:
        """Those without an outcome, oldest first."""
        query = select(_releases).where(_releases.c.outcome.is_(None)).order_by(_releases.c.started)
        with self._engine.begin() as connection:
            return tuple(_release(row) for row in connection.execute(query).mappings())


def _row(release: Release) -> dict[str, Any]:
    return {
        "id": release.id,
        "service": release.service,
        "environment": release.environment,
        "version": release.version,
        "previous": release.previous,
        "commit": release.commit,
        "starter": release.starter,
        "started": release.started,
        "ended": release.ended,
        "migrations": [asdict(migration) for migration in release.migrations],
        "digest": release.digest,
        "phase": release.phase.value,
        "outcome": release.outcome.value if release.outcome else None,
        "undo_row": release.undo.row if release.undo else None,
        "undo_plan": release.undo.plan if release.undo else None,
        "summary": release.summary,
    }


def _release(row: RowMapping) -> Release:
    columns = {name: row[name] for name in _PLAIN}
    return Release(
        **columns,
        migrations=tuple(PlannedMigration(**entry) for entry in row["migrations"]),
        phase=Phase(row["phase"]),
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        undo=PlannedUndo(row["undo_row"], row["undo_plan"]) if row["undo_row"] is not None else None,
    )


_PLAIN = (
    "id", "service", "environment", "version", "previous", "commit", "starter", "started", "ended", "digest", "summary",
)  # fmt: skip
