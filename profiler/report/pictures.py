"""The charts of a report as pictures: SVG or PNG files, the same charts as in the page with their data inside."""

import copy
import enum
import math
import re
from typing import Any

from profiler.base.errors import MissingPackageError, OptionError
from profiler.report.charts import DATASET, ChartName, chart_spec, has_content
from profiler.report.charts.frame import Frame
from profiler.report.charts.theme import config
from profiler.report.document import Report
from profiler.report.machine_picture import PICTURE_COLOURS, board_svg
from profiler.report.page.data import frame_for
from profiler.report.page.library import vegalite_version
from profiler.report.points import Point, board_names

HARDWARE = "hardware"
NAMES = (*(name.value for name in ChartName), HARDWARE)
PNG_SCALE = 2  # pixels for a unit of the drawing: sharp on paper and on fine screens
MOST_COLUMNS = 4
_PANEL_WIDTH = 230
_NEEDED_FOR = "a picture"


class PictureFormat(enum.StrEnum):
    """How a picture can be written."""

    SVG = "svg"
    PNG = "png"


def render_picture(report: Report, name: str, picture_format: PictureFormat) -> bytes:
    """One chart, or the drawing of the hardware.

    Raises:
        OptionError: there is nothing to draw.
        MissingPackageError: altair or vl-convert is not installed.
    """
    svg = _hardware(report) if name == HARDWARE else _chart(report, ChartName(name))
    if picture_format is PictureFormat.SVG:
        return svg.encode()
    return bytes(_converter().svg_to_png(svg, scale=PNG_SCALE))


def drawable(report: Report) -> list[str]:
    """The pictures for which this report has something to show."""
    _, _, frame = frame_for(report)
    return [*(name.value for name in ChartName if has_content(name, frame)), HARDWARE]


def _chart(report: Report, name: ChartName) -> str:
    points, rows, frame = frame_for(report)
    if not has_content(name, frame):
        raise OptionError(f"there is no chart {name}: nothing that it shows was measured")
    converter = _converter()
    spec = copy.deepcopy(chart_spec(name, frame))
    _arrange(spec, points, frame)
    spec["datasets"] = {DATASET: _rows_of(name, points, rows)}
    spec["config"] = config(is_dark=False)
    svg: str = converter.vegalite_to_svg(spec, vl_version=vegalite_version())
    return _renumbered(svg)


def _renumbered(svg: str) -> str:
    """The same picture with its gradients counted from 0: Vega counts on from one picture to the next."""
    numbers: dict[str, int] = {}
    return re.sub(
        r"(?<=[\"#])(gradient|clip)_?([0-9]+)(?=[\")])",
        lambda found: f"{found[1]}_{numbers.setdefault(found[0], len(numbers))}",
        svg,
    )


def _rows_of(name: ChartName, points: tuple[Point, ...], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the chart's data set: the caches for one alone, largest effect first for another."""
    if name is ChartName.CACHE:
        return rows
    cases = rows[: len(points)]
    if name is ChartName.FOREST:
        return sorted((row for row in cases if row["speedup"]), key=lambda row: -row["speedup"])
    return cases


def _arrange(spec: dict[str, Any], points: tuple[Point, ...], frame: Frame) -> None:
    """As many small charts side by side as fill rows of one length."""
    for view in spec.get("vconcat", [spec]):
        if "facet" not in view:
            continue
        field = view["facet"]["field"]
        drawn = [point for point in points if point.speedup is not None]
        if field == "map_panel" and frame.has_grid:
            drawn = [point for point in drawn if point.in_features is None]
        count = max(1, len({getattr(point, field) for point in drawn}))
        view["columns"] = min(count, math.ceil(count / math.ceil(count / MOST_COLUMNS)))
        if field == "map_panel":
            view["columns"] = min(view["columns"], 2)
            view["spec"]["width"] = max(_PANEL_WIDTH, 42 * len({point.layer for point in drawn}))


def _hardware(report: Report) -> str:
    """The machine of each session, below one another."""
    names = board_names(report)
    drawings = [
        board_svg(summary.hardware, colours=PICTURE_COLOURS, title=name)
        for name, summary in zip(names, report.sessions, strict=True)
    ]
    if len(drawings) == 1:
        return drawings[0]
    heights = [int(drawing.partition('height="')[2].partition('"')[0]) for drawing in drawings]
    width = int(drawings[0].partition('width="')[2].partition('"')[0])
    gap = 24
    tops = [sum(heights[:at]) + gap * at for at in range(len(heights))]
    total = sum(heights) + gap * (len(heights) - 1)
    parts = [
        drawing.replace("<svg ", f'<svg y="{top}" ', 1) for drawing, top in zip(drawings, tops, strict=True)
    ]  # fmt: skip
    start = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{total}" viewBox="0 0 {width} {total}">'
    return "\n".join([start, *parts, "</svg>"])


def _converter() -> Any:
    try:
        import vl_convert
    except ImportError as error:
        raise MissingPackageError("vl-convert-python", extra="report", needed_for=_NEEDED_FOR) from error
    return vl_convert
