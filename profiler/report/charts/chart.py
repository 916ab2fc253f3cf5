"""What a chart is: its words, its numbers, its controls, how it is arranged, and the drawing of it as Vega-Lite.

Each chart is one module, named in the table of this package. Only its `draw` imports altair.
"""

import dataclasses
import enum
import functools
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from profiler.base.errors import MissingPackageError
from profiler.base.record import Record
from profiler.report.case_data import DRAWN, CaseData

if TYPE_CHECKING:
    import altair as alt

MOST_COLUMNS = 4  # small charts side by side
DATASET = "cases"  # the name under which a specification expects its rows
Cases = Sequence[CaseData]
Frame = TypeVar("Frame", bound=Hashable)


class Field(Record, frozen=True, kw_only=True):
    """A value that charts need of a case beside those which all have, under a name of its own among all charts."""

    name: str
    value_of: Callable[[CaseData], str | float | None]


class Kind(enum.StrEnum):
    """How the values of a column are written."""

    TEXT = "text"
    COUNT = "count"
    RATIO = "ratio"
    TIME = "time"
    BYTES = "bytes"


class Column(Record, frozen=True, kw_only=True):
    """A column of the table below a chart: the field that it shows."""

    field: str
    title: str
    kind: Kind


class Parameter(Record, frozen=True, kw_only=True):
    """A switch that the specification's expressions know by name.

    Where `control` is not empty, the page has a box to tick with these words. It is switched off where cells are
    narrower than `least_cell` pixels.
    """

    name: str
    value: bool
    control: str = ""
    least_cell: int | None = None

    @property
    def id(self) -> str:
        """The identifier of the switch's box in the page."""
        return self.name.replace("_", "-")


class View(Record, frozen=True, kw_only=True):
    """How one of a chart's views is arranged. `cells`, `names`, `known` and `unknown` are fields of a case.

    Args:
        cells: the values side by side in a panel, each in a cell; None where the panel has an axis of numbers.
        names: the values left of the plot; None where an axis of numbers is there.
        known: the view shows cases with this field alone.
        unknown: the view shows cases without this field alone.
        most_columns: how many panels a picture has side by side.
        cell_width: pixels of a cell in a picture; None where its width does not follow from the cells.
    """

    cells: str | None = None
    names: str | None = None
    known: str | None = None
    unknown: str | None = None
    most_columns: int = MOST_COLUMNS
    cell_width: int | None = None


def was_measured(cases: Cases) -> bool:
    """Whether any case has a speedup, without which most charts have nothing to draw."""
    return any(case.speedup is not None for case in cases)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Chart(Generic[Frame]):
    """One chart. Its frame is what it must know of all cases before it is drawn; a chart is built once for each frame.

    Attributes:
        name: what its picture is called.
        title: its heading.
        reading: how it is to be read.
        summary: what it shows of the measured cases, for those who do not see it.
        columns: the table of its numbers, beside the case itself.
        frame_of: the frame of these cases.
        draw: the chart of a frame, as altair has it; its data are to be `DATASET`.
        fields: what it needs of a case beside the values that all charts have.
        parameters: its switches.
        has_content: whether there is anything to draw.
        views: how its views are arranged, in the order of the specification; empty for the usual way.
        marks: rows of its data that are no cases, each with the `panel` that it stands in.
        falls_by: the field by which its cases are sorted, largest first, without those that have none.
        page_length: how many cases it shows at a time in a page; None for all.
        legend_columns: of its legend on a phone; 0 for no legend there.
    """

    name: str
    title: str
    reading: Callable[[Frame], str]
    summary: Callable[[Cases], str]
    columns: tuple[Column, ...]
    frame_of: Callable[[Cases], Frame]
    draw: Callable[[Frame], "alt.TopLevelMixin"]
    fields: tuple[Field, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    has_content: Callable[[Cases], bool] = was_measured
    views: Callable[[Frame], tuple[View, ...]] = lambda _: ()
    marks: Callable[[Cases], tuple[Record, ...]] = lambda _: ()
    falls_by: str | None = None
    page_length: int | None = None
    legend_columns: int = 1

    def rows(self, cases: Cases) -> list[dict[str, Any]]:
        """The data of the chart: its cases in their order, and its marks."""
        rows = [drawn_values(case, self.fields) for case in cases]
        if self.falls_by is not None:
            key = self.falls_by
            rows = sorted((row for row in rows if row[key] is not None), key=lambda row: row[key], reverse=True)
        return rows + self.mark_rows(cases)

    def mark_rows(self, cases: Cases) -> list[dict[str, Any]]:
        """The rows of its data that are no cases."""
        return [msgspec.to_builtins(mark) for mark in self.marks(cases)]


def drawn_values(case: CaseData, fields: Sequence[Field]) -> dict[str, Any]:
    """The values of a case that all charts have, and these fields."""
    return {**{name: getattr(case, name) for name in DRAWN}, **{field.name: field.value_of(case) for field in fields}}


def summary_of(chart: Chart[Any], cases: Cases) -> str:
    """What a chart shows of the cases that have a speedup."""
    return chart.summary([case for case in cases if case.speedup is not None])


@functools.lru_cache(maxsize=256)
def chart_spec(chart: Chart[Frame], frame: Frame) -> dict[str, Any]:
    """The Vega-Lite specification of a chart; its data are to be given under `DATASET`. Not to be changed.

    Raises:
        MissingPackageError: altair is not installed.
    """
    try:
        import altair  # noqa: F401
    except ImportError as error:
        raise MissingPackageError("altair", extra="report", needed_for="a chart") from error
    spec: dict[str, Any] = chart.draw(frame).to_dict(validate=False)  # tests hold it against the schema, in a second
    spec.pop("config", None)
    if chart.parameters:  # altair would have them in one of the views, unknown to the others
        spec["params"] = [{"name": parameter.name, "value": parameter.value} for parameter in chart.parameters]
    return spec


def views_of(chart: Chart[Frame], frame: Frame) -> tuple[View, ...]:
    """How each view of a chart's specification is arranged.

    Raises:
        MissingPackageError: altair is not installed.
    """
    return chart.views(frame) or (View(),) * len(chart_spec(chart, frame).get("vconcat", [None]))
