"""The migrations of the project, and those of them that the target database does not have yet."""

import hashlib
from collections.abc import Sequence

from gatekeeper.apply.migrate import pending as pending_on
from gatekeeper.config.load import ConfigError
from gatekeeper.config.settings import Settings
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
    """Those that the target database does not have yet; raises ConfigError where no target is set."""
    history = project_history(settings).migrations
    return pending_on(target_of(settings), history) if history else ()


def target_of(settings: Settings) -> str:
    """The URL of the target database; raises ConfigError where there is none."""
    if settings.migrate.url is None:
        raise ConfigError(
            "there are migrations, and no target database",
            next_step="Set GATEKEEPER_MIGRATE__URL (`url` under [migrate]) to a direct connection.",
        )
    return settings.migrate.url.get_secret_value()


def planned(migrations: Sequence[Migration]) -> tuple[PlannedMigration, ...]:
    """What a release remembers of its migrations, with the digests by which an edit is noticed."""
    return tuple(PlannedMigration(m.id, str(m.path), _file_digest(m), _sha256(m.up.sql)) for m in migrations)


def _file_digest(migration: Migration) -> str:
    """Over all files that the migration is made of, the way down too."""
    texts = {f.source.path: f.source.text for _, script in migration.scripts() for f in script.fragments}
    return _sha256("\0".join(texts[path] for path in sorted(texts)))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
