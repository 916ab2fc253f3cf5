"""Charts as specifications: what is drawn of which case, not how it looks."""

import json
from typing import Any

import msgspec
import pytest

from profiler.judge.boards import numbered
from profiler.judge.records import Estimate, Verdict
from profiler.machine.records import HardwareInfo
from profiler.report.charts import ChartName, chart_spec, has_content
from profiler.report.charts.frame import SPANS, Frame, cache_marks, forms_grid, frame_of, named_sizes
from profiler.report.charts.theme import config
from profiler.report.document import make_report
from profiler.report.page.data import frame_for
from profiler.report.points import Point, known_ratio, points_of, shortened
from profiler.session.records import Session
from tests.machine.trees import board
from tests.sessions import make_case, make_session

EQUAL, PAYS, COSTS, OPEN = make_case(1), make_case(8), make_case(1, "onnxruntime"), make_case(8, "onnxruntime")
SESSION = make_session({EQUAL: 1.0, PAYS: 1.25, COSTS: 0.8, OPEN: 1.03}, passes=8)
UNMEASURED = msgspec.structs.replace(SESSION, blocks=(), end=None)


def points(session: Session = SESSION) -> tuple[Point, ...]:
    return points_of(make_report((session,)))


def changed(**fields: Any) -> Point:
    return msgspec.structs.replace(points()[0], **fields)


def frame(session: Session = SESSION) -> Frame:
    return frame_for(make_report((session,)))[2]


def layers(name: ChartName, session: Session = SESSION) -> list[dict[str, Any]]:
    """Every layer of a chart, of all its parts."""
    spec = chart_spec(name, frame(session))
    views = spec.get("vconcat", [spec])
    return [layer for view in views for layer in view.get("spec", view)["layer"]]


def conditions(layer: dict[str, Any]) -> str:
    return " && ".join(str(step["filter"]) for step in layer.get("transform", ()) if "filter" in step)


def accepts(layer: dict[str, Any], verdict: str) -> bool:
    """Whether a layer's conditions, all made of equalities of the verdict, let a case of this verdict in."""
    text = conditions(layer)
    if "datum.verdict" not in text:
        return True
    if f"datum.verdict != '{verdict}'" in text:
        return False
    return "datum.verdict ==" not in text or f"datum.verdict == '{verdict}'" in text


def test_undecided_cases_never_have_a_colour_of_the_map() -> None:
    coloured = [layer for layer in layers(ChartName.MAP) if "color" in layer.get("encoding", {})]
    assert len(coloured) == 1
    assert coloured[0]["encoding"]["color"]["field"] == "log2_speedup"
    assert not accepts(coloured[0], "undecided")
    assert not accepts(coloured[0], "equal")
    assert accepts(coloured[0], "pays off")
    assert accepts(coloured[0], "costs")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_exactly_one_kind_of_cell(verdict: Verdict) -> None:
    cells = [layer for layer in layers(ChartName.MAP) if layer["mark"]["type"] == "rect"]
    assert sum(accepts(layer, verdict.value) for layer in cells) == 1


def test_the_undecided_cell_is_hollow_in_both_themes() -> None:
    (cell,) = [layer for layer in layers(ChartName.MAP) if layer["mark"].get("style") == "undecided-cell"]
    assert accepts(cell, "undecided")
    for is_dark in (False, True):
        style = config(is_dark=is_dark)["style"]["undecided-cell"]
        assert style["color"] == "transparent"
        assert style["strokeDash"]


def test_no_difference_is_the_middle_of_the_colours() -> None:
    (coloured,) = [layer for layer in layers(ChartName.MAP) if "color" in layer.get("encoding", {})]
    scale = coloured["encoding"]["color"]["scale"]
    low, high = scale["domain"]
    assert (scale["domainMid"], low) == (0, -high)
    assert scale["range"] == "diverging"


@pytest.mark.parametrize("name", [ChartName.CACHE, ChartName.FOREST])
def test_intervals_of_undecided_cases_are_dashed_and_their_points_hollow(name: ChartName) -> None:
    marks = [layer["mark"] for layer in layers(name) if accepts(layer, "undecided") and "verdict" in conditions(layer)]
    assert [mark["type"] for mark in marks] == ["rule", "point"]
    assert marks[0]["style"] == "undecided-rule"
    assert marks[1]["filled"] is False


def test_the_margin_band_is_symmetric_on_the_axis_and_comes_from_the_session() -> None:
    for point in points():
        assert point.margin_high == pytest.approx(1.03)
        assert point.margin_low == pytest.approx(1 / 1.03)
    wide = points_of(make_report((SESSION,), margin=0.10))
    assert {round(point.margin_high, 6) for point in wide} == {1.1}


def test_the_forest_has_the_band_below_and_the_null_on_demand() -> None:
    found = layers(ChartName.FOREST)
    assert found[0]["mark"]["style"] == "band"
    assert found[0]["encoding"]["x"]["field"] == "margin_low"
    (null,) = [layer for layer in found if "show_null" in conditions(layer)]
    assert null["encoding"]["x2"]["field"] == "null_high"
    assert chart_spec(ChartName.FOREST, frame())["params"] == [{"name": "show_null", "value": False}]


def test_the_forest_keeps_the_order_of_its_data() -> None:
    assert {
        json.dumps(layer["encoding"]["y"]["sort"]) for layer in layers(ChartName.FOREST) if "y" in layer["encoding"]
    } == {"null"}


def test_caches_near_the_weights_are_drawn_in_every_panel_and_no_others() -> None:
    report = make_report((SESSION,))
    found = points_of(report)
    marks = cache_marks(report, found)
    assert {mark.cache for mark in marks} == {"L1 32 KiB"}  # 16 KiB of weights: 1 MiB lies far off
    assert {mark.panel for mark in marks} == {point.panel for point in found}
    assert frame_of(found, marks).has_caches
    rules = [layer for layer in layers(ChartName.CACHE) if layer["mark"].get("style") == "cache-rule"]
    assert [rule["encoding"]["x"]["field"] for rule in rules] == ["cache_bytes"]


def test_a_machine_of_unknown_caches_has_no_rules() -> None:
    header = SESSION.header
    bare: HardwareInfo = msgspec.structs.replace(header.hardware, caches=())
    session = msgspec.structs.replace(SESSION, header=msgspec.structs.replace(header, hardware=bare))
    assert not frame(session).has_caches
    assert not [layer for layer in layers(ChartName.CACHE, session) if "cache" in layer["mark"].get("style", "")]


def test_caches_are_named_by_level_smallest_first() -> None:
    assert named_sizes(board("rk3588").caches)[:2] == [("L1 32 KiB", 32 << 10), ("L1 64 KiB", 64 << 10)]
    assert named_sizes(()) == []


def test_shapes_that_fill_a_grid_are_one_and_a_diagonal_is_a_row() -> None:
    grid = [changed(in_features=i, out_features=o) for i in (1, 2) for o in (1, 2, 3)]
    diagonal = [changed(in_features=side, out_features=side) for side in range(1, 9)]
    assert forms_grid(grid)
    assert not forms_grid(diagonal)
    assert not forms_grid([])


def test_a_network_beside_a_grid_gets_a_row_of_its_own() -> None:
    grid = [changed(in_features=i, out_features=o, layer=f"{i}x{o}") for i in (1, 2) for o in (1, 2)]
    network = changed(in_features=None, out_features=None, layer="iris")
    found = frame_of([*grid, network], ())
    assert (found.has_grid, found.has_row) == (True, True)
    assert (frame_of(grid, ()).has_grid, frame_of(grid, ()).has_row) == (True, False)
    assert len(chart_spec(ChartName.MAP, found)["vconcat"]) == 2


def test_the_axis_reaches_as_far_as_decided_intervals_and_all_points() -> None:
    assert frame().span == 1.5
    wild = changed(verdict="undecided", speedup=1.0, low=0.001, high=900.0)
    assert frame_of([wild], ()).span == SPANS[0]
    assert frame_of([changed(verdict="pays off", speedup=4.0, low=3.0, high=5.0)], ()).span == 5.0


@pytest.mark.parametrize(
    ("estimate", "expected"),
    [
        (None, None),
        (Estimate(point=0.0, low=0, high=1, confidence_level=0.95), None),
        (Estimate(point=float("inf"), low=0, high=1, confidence_level=0.95), None),
        (Estimate(point=1.5, low=0.0, high=float("inf"), confidence_level=0.95), (1.5, 1e-3, 1e3)),
        (Estimate(point=1.5, low=float("nan"), high=float("nan"), confidence_level=0.95), (1.5, 1e-3, 1e3)),
        (Estimate(point=1e9, low=1e8, high=1e10, confidence_level=0.95), (1e3, 1e3, 1e3)),
    ],
)
def test_a_ratio_that_cannot_be_drawn_is_none_and_ends_are_brought_near(
    estimate: Estimate | None, expected: tuple[float, float, float] | None
) -> None:
    found = known_ratio(estimate)
    assert (None if found is None else (found.point, found.low, found.high)) == expected


def test_names_are_short_and_told_apart() -> None:
    assert shortened("a" * 10_000) == "a" * 47 + "\N{HORIZONTAL ELLIPSIS}"
    assert shortened("a\u202eb\n") == "a\ufffdb "
    assert numbered(["a", "b", "a"]) == ("a (1)", "b", "a (2)")


def test_labels_are_unique_and_say_what_differs_alone() -> None:
    found = points()
    assert len({point.label for point in found}) == len(found)
    assert {point.panel for point in found} == {
        "numpy, batch 1", "numpy, batch 8", "onnxruntime, batch 1", "onnxruntime, batch 8",
    }  # fmt: skip
    assert all("float32" not in point.label and "thread" not in point.label for point in found)


def test_boards_of_one_name_are_numbered_and_stand_side_by_side() -> None:
    found = points_of(make_report((SESSION, SESSION)))
    names = {point.board for point in found}
    assert names == {"Raspberry Pi 4 Model B Rev 1.4 (1)", "Raspberry Pi 4 Model B Rev 1.4 (2)"}
    panels = [panel for _, panel in sorted({(point.order, point.panel) for point in found})]
    assert [panel.rpartition(", ")[0] for panel in panels[:2]] == ["numpy, batch 1"] * 2


def test_without_a_measured_case_there_is_nothing_to_draw() -> None:
    assert not any(has_content(name, frame(UNMEASURED)) for name in ChartName)


@pytest.mark.parametrize("name", [name for name in ChartName if name is not ChartName.COST])
def test_a_chart_holds_no_data_of_its_own(name: ChartName) -> None:
    text = json.dumps(chart_spec(name, frame()))
    assert '"values": [{' not in text
    assert '"datasets"' not in text
    assert "64x64" not in text


@pytest.mark.parametrize("is_dark", [False, True])
def test_every_style_that_a_chart_names_is_in_the_theme(is_dark: bool) -> None:
    known = config(is_dark=is_dark)["style"]
    for name in (ChartName.MAP, ChartName.CACHE, ChartName.FOREST, ChartName.TIME):
        for layer in layers(name):
            assert layer["mark"].get("style", "band") in known


@pytest.mark.parametrize("name", ChartName)
def test_every_specification_is_valid_vega_lite(name: ChartName) -> None:
    import altair

    points = points_of(make_report((SESSION,)))
    marks = cache_marks(make_report((SESSION,)), points)
    frame = frame_of(points, marks)
    if has_content(name, frame):
        altair.Chart.from_dict(chart_spec(name, frame), validate=True)
