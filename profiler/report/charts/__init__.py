"""The charts of a report: pure functions from a frame to a Vega-Lite specification, without the data.

The cases come in later, under the name `cases`: for a page once for all charts, for a picture into its own. Building a
chart imports altair; nothing here is imported by a run.
"""

import enum
import functools
import importlib
from typing import Any

from profiler.base.errors import MissingPackageError
from profiler.report.charts.frame import Frame

DATASET = "cases"


class ChartName(enum.StrEnum):
    """The charts, in the order of the page."""

    MAP = "map"
    CACHE = "cache"
    FOREST = "forest"
    TIME = "time"
    COST = "cost"


PARAMETERS = {ChartName.MAP: {"cell_text": True}, ChartName.FOREST: {"show_null": False}}


def has_content(name: ChartName, frame: Frame) -> bool:
    """Whether there is anything to draw."""
    if name is ChartName.COST:
        return bool(frame.cost_measures)
    return frame.has_grid or frame.has_row


@functools.lru_cache(maxsize=256)
def chart_spec(name: ChartName, frame: Frame) -> dict[str, Any]:
    """The Vega-Lite specification of a chart; its data are to be given under `DATASET`. Not to be changed.

    Raises:
        MissingPackageError: altair is not installed.
    """
    try:
        import altair  # noqa: F401
    except ImportError as error:
        raise MissingPackageError("altair", extra="report", needed_for="a chart") from error
    module = importlib.import_module(f"profiler.report.charts.{name}")
    chart = getattr(module, f"{name}_chart")(frame)
    spec: dict[str, Any] = chart.to_dict(validate=False)  # tests hold it against the schema: that takes a second
    spec.pop("config", None)
    parameters = PARAMETERS.get(name, {})
    if parameters:  # altair would have them in one of the views, unknown to the others
        spec["params"] = [{"name": key, "value": value} for key, value in parameters.items()]
    return spec
