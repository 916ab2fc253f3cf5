"""The charts of a report as pictures: SVG or PNG files, the same charts as in the page with their data inside."""

import copy
import enum
import math
import re
from typing import Any

from profiler.base.errors import MissingPackageError, OptionError
from profiler.report.case_data import case_data_of, short_board_names
from profiler.report.charts import load_charts
from profiler.report.charts.chart import DATASET, MOST_COLUMNS, View, chart_spec, views_of
from profiler.report.charts.theme import config
from profiler.report.document import Report
from profiler.report.machine_picture import PICTURE_COLOURS, machine_svg
from profiler.report.page.library import vegalite_version

HARDWARE = "hardware"
NAMES = (*(chart.name for chart in load_charts()), HARDWARE)
PNG_SCALE = 2  # pixels for a unit of the drawing: sharp on paper and on fine screens
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
    svg = _hardware(report) if name == HARDWARE else _chart(report, name)
    if picture_format is PictureFormat.SVG:
        return svg.encode()
    return bytes(_converter().svg_to_png(svg, scale=PNG_SCALE))


def drawable(report: Report) -> list[str]:
    """The pictures for which this report has something to show."""
    cases = case_data_of(report)
    return [*(chart.name for chart in load_charts() if chart.has_content(cases)), HARDWARE]


def _chart(report: Report, name: str) -> str:
    cases = case_data_of(report)
    chart = next((one for one in load_charts() if one.name == name and one.has_content(cases)), None)
    if chart is None:
        raise OptionError(f"there is no chart {name}: nothing that it shows was measured")
    converter = _converter()
    frame = chart.frame_of(cases)
    spec = copy.deepcopy(chart_spec(chart, frame))
    rows = chart.rows(cases)
    for view, arrangement in zip(spec.get("vconcat", [spec]), views_of(chart, frame), strict=True):
        _arrange(view, arrangement, [row for row in rows if row.get("speedup") is not None])
    spec["datasets"] = {DATASET: rows}
    spec["config"] = config(is_dark=False)
    svg: str = converter.vegalite_to_svg(spec, vl_version=vegalite_version())
    return _renumbered(svg)


def _renumbered(svg: str) -> str:
    """The picture with its gradients counted from 0: Vega counts on from one picture to the next."""
    numbers: dict[str, int] = {}
    return re.sub(
        r"(?<=[\"#])(gradient|clip)_?([0-9]+)(?=[\")])",
        lambda found: f"{found[1]}_{numbers.setdefault(found[0], len(numbers))}",
        svg,
    )


def _arrange(view: dict[str, Any], arrangement: View, measured: list[dict[str, Any]]) -> None:
    """Set as many small charts side by side as fill rows of one length."""
    if "facet" not in view:
        return
    if arrangement.unknown is not None:
        measured = [row for row in measured if row[arrangement.unknown] is None]
    count = max(1, len({row[view["facet"]["field"]] for row in measured}))
    even = math.ceil(count / math.ceil(count / MOST_COLUMNS))
    view["columns"] = min(even, arrangement.most_columns)
    if arrangement.cells is not None and arrangement.cell_width is not None:
        cells = len({row[arrangement.cells] for row in measured})
        view["spec"]["width"] = max(_PANEL_WIDTH, arrangement.cell_width * cells)


def _hardware(report: Report) -> str:
    """The machine of each session, below one another."""
    names = short_board_names(report)
    drawings = [
        machine_svg(summary.hardware, colours=PICTURE_COLOURS, title=name)
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
