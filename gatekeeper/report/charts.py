"""Pictures of a release as SVG: when each step ran, and what was seen while the new version was watched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from gatekeeper.model.release import ReleaseRecord, Step, StepState
from gatekeeper.report.timeline import show_seconds

_WIDTH, _LEFT, _RIGHT, _ROW = 900, 150, 90, 24
_COLOURS = {
    StepState.DONE: "#2e7d32",
    StepState.FAILED: "#c62828",
    StepState.SKIPPED: "#b0bec5",
    StepState.WAITING: "#f9a825",
    StepState.RUNNING: "#1565c0",
}
_LINES = ("#1565c0", "#ef6c00", "#6a1b9a", "#00838f", "#5d4037", "#37474f")


def steps_chart(record: ReleaseRecord) -> str:
    """One bar a step, from when it began to when it ended; a wait in which nothing ran is drawn short, and said."""
    root = _picture(len(record.steps) * _ROW + 30)
    if not record.steps:
        return tostring(root, encoding="unicode")
    begin = min(step.started for step in record.steps)
    places = _places(record.steps)
    whole = max(max(place.drawn + place.step.seconds for place in places), 0.001)
    scale = (_WIDTH - _LEFT - _RIGHT) / whole
    for row, place in enumerate(places):
        step, x, y = place.step, _LEFT + place.drawn * scale, row * _ROW + 4
        if place.waited:
            _text(root, x - 4, y + 14, f"{show_seconds(place.waited)} later", fill="#999", anchor="end")
        _text(root, 4, y + 14, step.name)
        width = max(step.seconds * scale, 3)
        bar = SubElement(root, "rect", _box(x, y, width, _ROW - 6) | {"fill": _COLOURS[step.state]})
        SubElement(bar, "title").text = f"{step.name}: {step.state.value}. {step.summary}"
        _text(root, x + width + 5, y + 14, show_seconds(step.seconds), fill="#555")
    bottom = len(record.steps) * _ROW + 20
    _text(root, _LEFT, bottom, f"{begin:%H:%M:%S} UTC", fill="#555")
    end = max(_after(step, begin) + step.seconds for step in record.steps)
    _text(root, _WIDTH - 4, bottom, show_seconds(end), fill="#555", anchor="end")
    return tostring(root, encoding="unicode")


def bake_chart(report: Mapping[str, Any]) -> str:
    """The share of bad events of each objective, as it was known at each look; gaps are looks that saw nothing."""
    names = [str(one["name"]) for one in report["objectives"]]
    looks: Sequence[Mapping[str, Any]] = report["series"]
    height = 220
    root = _picture(height + 24 * len(names) + 20)
    whole = max([float(look["after"]) for look in looks] + [1.0])
    top = max([share for look in looks for name in names if (share := _share(look, name)) is not None] + [0.001])
    for part in (0.0, 0.5, 1.0):
        y = height - part * (height - 20)
        SubElement(
            root, "line", {"x1": str(_LEFT), "x2": str(_WIDTH - 10), "y1": f"{y}", "y2": f"{y}", "stroke": "#ddd"}
        )
        _text(root, _LEFT - 6, y + 4, f"{part * top:.2%}", anchor="end", fill="#555")
    for number, name in enumerate(names):
        colour = _LINES[number % len(_LINES)]
        for run in _runs(looks, name):
            points = " ".join(
                f"{_LEFT + after / whole * (_WIDTH - _LEFT - 10):.1f},{height - share / top * (height - 20):.1f}"
                for after, share in run
            )
            SubElement(root, "polyline", {"points": points, "fill": "none", "stroke": colour, "stroke-width": "2"})
            for point in points.split():
                x, _, y_here = point.partition(",")
                SubElement(root, "circle", {"cx": x, "cy": y_here, "r": "2.5", "fill": colour})
        y = height + 24 * (number + 1)
        SubElement(root, "rect", _box(_LEFT, y - 11, 12, 12) | {"fill": colour})
        _text(root, _LEFT + 18, y, f"{name}: {report['objectives'][number]['message']}")
    return tostring(root, encoding="unicode")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a step is drawn, in seconds from the left; `waited` is how much of the time before it is left out."""

    step: Step
    drawn: float
    waited: float


def _places(steps: Sequence[Step]) -> list[_Place]:
    begin = min(step.started for step in steps)
    longest_gap = max(sum(step.seconds for step in steps) / 4, 1.0)
    places: list[_Place] = []
    end = cut = 0.0
    for step in sorted(steps, key=lambda step: step.started):
        gap = _after(step, begin) - end
        waited = gap if gap > longest_gap else 0.0
        cut += gap - longest_gap if waited else 0.0
        places.append(_Place(step, _after(step, begin) - cut, waited))
        end = max(end, _after(step, begin) + step.seconds)
    return places


def _runs(looks: Sequence[Mapping[str, Any]], name: str) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for look in looks:
        share = _share(look, name)
        if share is None:
            runs.append([])
        else:
            runs[-1].append((float(look["after"]), share))
    return [run for run in runs if run]


def _share(look: Mapping[str, Any], name: str) -> float | None:
    counts = look["seen"].get(name)
    return counts[0] / counts[1] if counts and counts[1] else None


def _after(step: Step, begin: datetime) -> float:
    return (step.started - begin).total_seconds()


def _picture(height: int) -> Element:
    return Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {_WIDTH} {height}",
            "width": "100%",
            "font-family": "system-ui, sans-serif",
            "font-size": "13",
            "role": "img",
        },
    )


def _text(root: Element, x: float, y: float, words: str, *, fill: str = "#222", anchor: str = "start") -> None:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "fill": fill, "text-anchor": anchor}
    SubElement(root, "text", place).text = words


def _box(x: float, y: float, width: float, height: float) -> dict[str, str]:
    return {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{width:.1f}", "height": f"{height:.1f}", "rx": "2"}
