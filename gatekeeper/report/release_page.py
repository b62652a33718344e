"""A release as one page that needs nothing but itself: it opens offline and in an e-mail."""

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from gatekeeper.model.gate import Approval
from gatekeeper.model.release import ReleaseRecord
from gatekeeper.report.charts import bake_chart, steps_chart
from gatekeeper.report.dora import Delivery
from gatekeeper.report.timeline import MARKS, headline, recovery_of, show_seconds

_TEMPLATES = Environment(
    loader=PackageLoader("gatekeeper", "report/pages"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters["seconds"] = show_seconds


def release_page(record: ReleaseRecord, said: Sequence[Approval], bake: Mapping[str, Any] | None) -> str:
    """The whole page; `bake` is the report of the step of that name, where the release was watched."""
    return _TEMPLATES.get_template("release.html.j2").render(
        title=headline(record),
        release=record.release,
        steps=[(MARKS[step.state], step) for step in record.steps],
        evidence=record.evidence,
        said=said,
        recovery=recovery_of(record),
        steps_chart=Markup(steps_chart(record)),
        bake=bake,
        bake_chart=Markup(bake_chart(bake)) if bake and bake["series"] else None,
    )


def delivery_page(place: str, figures: Delivery, records: Sequence[ReleaseRecord]) -> str:
    """DORA's figures and the releases that they are counted from, newest first."""
    return _TEMPLATES.get_template("delivery.html.j2").render(
        place=place,
        figures=figures,
        releases=[(headline(one), one.release, recovery_of(one)) for one in records],
    )
