"""Opens the store: one value with the repositories in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from gatekeeper.model.release import ReleaseRecord
from gatekeeper.store.approvals import Approvals
from gatekeeper.store.audit import AuditLog
from gatekeeper.store.connect import StoreUnreachable, connect, read_url
from gatekeeper.store.evidence import EvidenceStore
from gatekeeper.store.leases import Leases
from gatekeeper.store.outbox import Outbox
from gatekeeper.store.releases import Releases
from gatekeeper.store.schema import bring_up_to_date, revision_of
from gatekeeper.store.steps import Steps


@dataclass(frozen=True, slots=True)
class Store:
    """All that is remembered, by subject."""

    releases: Releases
    steps: Steps
    evidence: EvidenceStore
    approvals: Approvals
    leases: Leases
    audit: AuditLog
    outbox: Outbox

    def record(self, release_id: str) -> ReleaseRecord | None:
        """All of one release; its id may be shortened as long as it stays unambiguous."""
        release = self.releases.find(release_id)
        if release is None:
            return None
        return ReleaseRecord(release, self.steps.of(release.id), self.evidence.of(release.id))


@contextmanager
def open_store(url: str, artifacts: Path) -> Iterator[Store]:
    """Connect, bring the tables up to date, and close again; raises StoreUnreachable or StoreMisconfigured."""
    address = read_url(url)
    engine = connect(address)
    try:
        bring_up_to_date(engine)
    except OperationalError as error:
        engine.dispose()
        reason = str(error.orig).splitlines()[0]
        raise StoreUnreachable(address, reason) from error
    try:
        yield _over(engine, artifacts)
    finally:
        engine.dispose()


def revision_at(url: str) -> str | None:
    """How far the store at this URL has come, None where none was made yet; asking makes nothing.

    Raises StoreUnreachable or StoreMisconfigured.
    """
    address = read_url(url)
    if address.drivername == "sqlite" and not Path(address.database or "").is_file():
        return None
    engine = connect(address)
    try:
        return revision_of(engine)
    except OperationalError as error:
        raise StoreUnreachable(address, str(error.orig).splitlines()[0]) from error
    finally:
        engine.dispose()


def _over(engine: Engine, artifacts: Path) -> Store:
    return Store(
        Releases(engine),
        Steps(engine),
        EvidenceStore(engine, artifacts),
        Approvals(engine),
        Leases(engine),
        AuditLog(engine),
        Outbox(engine),
    )
