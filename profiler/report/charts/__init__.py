"""The table of charts, each a module that brings everything of its own. Reading it imports no altair."""

import importlib
from typing import Any

from profiler.report.charts.chart import Chart

CHARTS = (  # in the order of the page, whose table of cases follows the first three that are drawn
    "profiler.report.charts.map",
    "profiler.report.charts.cache",
    "profiler.report.charts.forest",
    "profiler.report.charts.time",
    "profiler.report.charts.cost",
)


def load_charts() -> tuple[Chart[Any], ...]:
    """All charts, in the order of the page."""
    return tuple(importlib.import_module(module).CHART for module in CHARTS)
