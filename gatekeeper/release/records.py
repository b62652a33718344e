"""Releases as the store remembers them; for commands that only look, or say a word at a gate, and act on nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from gatekeeper.config.settings import Settings
from gatekeeper.errors import GatekeeperError
from gatekeeper.model.release import ReleaseRecord
from gatekeeper.store.open import Store, open_store


class NoSuchRelease(GatekeeperError):
    """An id, or the beginning of one, that does not name exactly one release."""

    exit_code = 2

    def __init__(self, release_id: str) -> None:
        super().__init__(
            f"there is not exactly one release {release_id!r}",
            next_step="`gatekeeper release status` lists the last ones.",
        )


@contextmanager
def the_store(settings: Settings) -> Iterator[Store]:
    """The store of the settings."""
    with open_store(settings.store.url.get_secret_value(), settings.store.artifacts) as store:
        yield store


def record_of(store: Store, release_id: str) -> ReleaseRecord:
    """All that is known of one release; raises NoSuchRelease."""
    record = store.record(release_id)
    if record is None:
        raise NoSuchRelease(release_id)
    return record
