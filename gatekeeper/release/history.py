"""The migrations of the project, and those of them that the target database does not have yet."""

import hashlib
from collections.abc import Sequence

from gatekeeper.config.settings import Settings
from gatekeeper.errors import NotBuiltYet
from gatekeeper.model.release import PlannedMigration
from migrations_lint.history import History, read_history
from migrations_lint.model import Migration


def project_history(settings: Settings) -> History:
    """All migrations under `[migrations] paths`; empty where none of these folders exists."""
    paths = [path for path in settings.migrations.paths if path.exists()]
    if not paths:
        return History((), (), frozenset())
    return read_history(paths, settings.migrations.format)


def pending(settings: Settings) -> tuple[Migration, ...]:
    """Those that the target database does not have yet."""
    history = project_history(settings).migrations
    if history:
        raise NotBuiltYet(
            "releases with migrations are not part of this version", next_step="Use `gatekeeper migrate`."
        )
    return ()


def planned(migrations: Sequence[Migration]) -> tuple[PlannedMigration, ...]:
    """What a release remembers of its migrations, with the digests by which an edit is noticed."""
    return tuple(PlannedMigration(m.id, str(m.path), _file_digest(m), _sha256(m.up.sql)) for m in migrations)


def _file_digest(migration: Migration) -> str:
    """Over all files that the migration is made of, the way down too."""
    texts = {f.source.path: f.source.text for _, script in migration.scripts() for f in script.fragments}
    return _sha256("\0".join(texts[path] for path in sorted(texts)))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
