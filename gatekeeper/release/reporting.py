"""The pages that a release leaves, and the figures of all of them."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from gatekeeper.config.settings import Settings
from gatekeeper.git import GitProblem, committed
from gatekeeper.model.release import ReleaseRecord
from gatekeeper.release.desk import now
from gatekeeper.report.dora import Delivery, delivery
from gatekeeper.report.release_page import delivery_page, release_page
from gatekeeper.report.summary import markdown
from gatekeeper.store.open import Store


def leave_pages(store: Store, record: ReleaseRecord) -> Path:
    """Write the report beside the evidence, as markdown for a job's summary and as a page; gives the page's path."""
    folder = store.evidence.folder(record.release.id)
    (folder / "report.md").write_text(markdown(record), encoding="utf-8")
    page = folder / "report.html"
    page.write_text(release_html(store, record), encoding="utf-8")
    return page


def release_html(store: Store, record: ReleaseRecord) -> str:
    """The page of one release."""
    return release_page(record, store.approvals.of(record.release.id), _bake(record))


def delivered(settings: Settings, store: Store, span: timedelta) -> tuple[Delivery, tuple[ReleaseRecord, ...]]:
    """The figures of this service and environment over the last `span`, and the releases they come from."""
    until = now()
    place = f"{settings.service.name}@{settings.service.environment}"
    recent = [one for one in store.releases.newest(10_000) if one.place == place and one.started >= until - span]
    records = tuple(record for one in recent if (record := store.record(one.id)) is not None)
    return delivery(records, _committed(records), until - span, until), records


def delivered_html(settings: Settings, figures: Delivery, records: tuple[ReleaseRecord, ...]) -> str:
    """The page of the figures."""
    return delivery_page(f"{settings.service.name}@{settings.service.environment}", figures, records)


def _bake(record: ReleaseRecord) -> Mapping[str, Any] | None:
    piece = next((one for one in record.evidence if one.kind == "bake"), None)
    if piece is None or not piece.path.is_file():
        return None
    report: Mapping[str, Any] = json.loads(piece.path.read_text(encoding="utf-8"))
    return report


def _committed(records: tuple[ReleaseRecord, ...]) -> Mapping[str, Any]:
    try:
        return committed(Path.cwd(), {one.release.commit for one in records if one.release.commit})
    except GitProblem:
        return {}
