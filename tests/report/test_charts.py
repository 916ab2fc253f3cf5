"""Charts as specifications: what is drawn of which case, not how it looks."""

import json
import re
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from profiler.judge.boards import numbered
from profiler.judge.records import Estimate, Verdict
from profiler.machine.records import HardwareInfo
from profiler.models.layout import WeightLayout
from profiler.models.workload import Workload, network_layers
from profiler.report import charts
from profiler.report.case_data import DRAWN, CaseData, case_data_of, known_ratio, shortened
from profiler.report.charts import load_charts
from profiler.report.charts.axes import SPANS, ratio_span
from profiler.report.charts.cache import CHART as CACHE
from profiler.report.charts.cache import cache_frame, cache_marks, named_sizes
from profiler.report.charts.chart import Chart, chart_spec, summary_of, views_of
from profiler.report.charts.cost import CHART as COST
from profiler.report.charts.forest import CHART as FOREST
from profiler.report.charts.map import CHART as MAP
from profiler.report.charts.map import forms_grid, map_frame
from profiler.report.charts.theme import config
from profiler.report.charts.time import CHART as TIME
from profiler.report.document import make_report
from profiler.report.html import render_html
from profiler.report.page.data import page_data
from profiler.report.pictures import PictureFormat, drawable, render_picture
from profiler.session.records import ArmCost, Cost, Session
from tests.machine.trees import board
from tests.sessions import make_case, make_session

EQUAL, PAYS, COSTS, OPEN = make_case(1), make_case(8), make_case(1, "onnxruntime"), make_case(8, "onnxruntime")
SESSION = make_session({EQUAL: 1.0, PAYS: 1.25, COSTS: 0.8, OPEN: 1.03}, passes=8)
COSTED = msgspec.structs.replace(
    SESSION,
    costs=tuple(
        Cost(case=case.id, pass_index=at, arms={
            layout: ArmCost(load_s=0.004 + 1e-5 * at, first_call_s=0.001) for layout in WeightLayout
        })
        for case in SESSION.header.cases for at in range(8)
    ),
)  # fmt: skip
UNMEASURED = msgspec.structs.replace(SESSION, blocks=(), end=None)


def cases(session: Session = SESSION) -> tuple[CaseData, ...]:
    return case_data_of(make_report((session,)))


def changed(*, in_features: int | None = 64, out_features: int | None = 64, **fields: Any) -> CaseData:
    first = cases()[0]
    row = msgspec.structs.replace(first.row, in_features=in_features, out_features=out_features)
    return msgspec.structs.replace(first, row=row, **fields)


def spec_of(chart: Chart[Any], session: Session = SESSION) -> dict[str, Any]:
    return chart_spec(chart, chart.frame_of(cases(session)))


def layers(chart: Chart[Any], session: Session = SESSION) -> list[dict[str, Any]]:
    """Every layer of a chart, of all its parts."""
    spec = spec_of(chart, session)
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
    coloured = [layer for layer in layers(MAP) if "color" in layer.get("encoding", {})]
    assert len(coloured) == 1
    assert coloured[0]["encoding"]["color"]["field"] == "log2_speedup"
    assert not accepts(coloured[0], "undecided")
    assert not accepts(coloured[0], "equal")
    assert accepts(coloured[0], "pays off")
    assert accepts(coloured[0], "costs")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_exactly_one_kind_of_cell(verdict: Verdict) -> None:
    cells = [layer for layer in layers(MAP) if layer["mark"]["type"] == "rect"]
    assert sum(accepts(layer, verdict.value) for layer in cells) == 1


def test_the_undecided_cell_is_hollow_in_both_themes() -> None:
    (cell,) = [layer for layer in layers(MAP) if layer["mark"].get("style") == "undecided-cell"]
    assert accepts(cell, "undecided")
    for is_dark in (False, True):
        style = config(is_dark=is_dark)["style"]["undecided-cell"]
        assert style["color"] == "transparent"
        assert style["strokeDash"]


def test_no_difference_is_the_middle_of_the_colours() -> None:
    (coloured,) = [layer for layer in layers(MAP) if "color" in layer.get("encoding", {})]
    scale = coloured["encoding"]["color"]["scale"]
    low, high = scale["domain"]
    assert (scale["domainMid"], low) == (0, -high)
    assert scale["range"] == "diverging"


@pytest.mark.parametrize("chart", [CACHE, FOREST], ids=lambda chart: chart.name)
def test_intervals_of_undecided_cases_are_dashed_and_their_points_hollow(chart: Chart[Any]) -> None:
    marks = [layer["mark"] for layer in layers(chart) if accepts(layer, "undecided") and "verdict" in conditions(layer)]
    assert [mark["type"] for mark in marks] == ["rule", "point"]
    assert marks[0]["style"] == "undecided-rule"
    assert marks[1]["filled"] is False


def test_the_margin_band_is_symmetric_on_the_axis_and_comes_from_the_session() -> None:
    for chart in (CACHE, FOREST):
        for row in chart.rows(cases())[: len(cases())]:
            assert row["margin_high"] == pytest.approx(1.03)
            assert row["margin_low"] == pytest.approx(1 / 1.03)
    wide = case_data_of(make_report((SESSION,), margin=0.10))
    assert {round(row["margin_high"], 6) for row in FOREST.rows(wide)} == {1.1}


def test_the_forest_has_the_band_below_and_the_null_on_demand() -> None:
    found = layers(FOREST)
    assert found[0]["mark"]["style"] == "band"
    assert found[0]["encoding"]["x"]["field"] == "margin_low"
    (null,) = [layer for layer in found if "show_null" in conditions(layer)]
    assert null["encoding"]["x2"]["field"] == "null_high"
    assert spec_of(FOREST)["params"] == [{"name": "show_null", "value": False}]


def test_the_forest_keeps_the_order_of_its_data() -> None:
    assert {json.dumps(layer["encoding"]["y"]["sort"]) for layer in layers(FOREST) if "y" in layer["encoding"]} == {
        "null"
    }


def test_caches_near_the_weights_are_drawn_in_every_panel_and_no_others() -> None:
    found = cases()
    marks = cache_marks(found)
    assert {mark.cache for mark in marks} == {"L1 32 KiB"}  # 16 KiB of weights: 1 MiB lies far off
    assert {mark.panel for mark in marks} == {case.panel for case in found}
    assert cache_frame(found).has_caches
    rules = [layer for layer in layers(CACHE) if layer["mark"].get("style") == "cache-rule"]
    assert [rule["encoding"]["x"]["field"] for rule in rules] == ["cache_bytes"]


def test_a_machine_of_unknown_caches_has_no_rules() -> None:
    header = SESSION.header
    bare: HardwareInfo = msgspec.structs.replace(header.hardware, caches=())
    session = msgspec.structs.replace(SESSION, header=msgspec.structs.replace(header, hardware=bare))
    assert not cache_frame(cases(session)).has_caches
    assert not [layer for layer in layers(CACHE, session) if "cache" in layer["mark"].get("style", "")]


def test_caches_are_named_by_level_smallest_first() -> None:
    assert named_sizes(board("rk3588").caches)[:2] == [("L1 32 KiB", 32 << 10), ("L1 64 KiB", 64 << 10)]
    assert named_sizes(()) == []


def test_shapes_that_fill_a_grid_are_one_and_a_diagonal_is_a_row() -> None:
    assert forms_grid([(i, o) for i in (1, 2) for o in (1, 2, 3)])
    assert not forms_grid([(side, side) for side in range(1, 9)])
    assert not forms_grid([])
    assert not forms_grid([*[(i, o) for i in (1, 2) for o in (1, 2, 3)], (1, 2)]), "two layers would share a cell"


def test_a_network_beside_a_grid_gets_a_row_of_its_own() -> None:
    grid = [changed(in_features=i, out_features=o, layer=f"{i}x{o}") for i in (1, 2) for o in (1, 2)]
    network = changed(in_features=None, out_features=None, layer="iris")
    found = map_frame([*grid, network])
    assert (found.has_grid, found.has_row) == (True, True)
    assert (map_frame(grid).has_grid, map_frame(grid).has_row) == (True, False)
    assert len(chart_spec(MAP, found)["vconcat"]) == 2


def test_a_network_that_is_called_like_a_shape_has_none() -> None:
    workload = Workload(name="64x64", layers=network_layers((64, 8, 64)), batch_shapes=((1,), (8,)))
    renamed = [msgspec.structs.replace(case, workload="64x64") for case in SESSION.header.cases]
    session = make_session(dict.fromkeys(renamed, 1.25), passes=8)
    header = msgspec.structs.replace(session.header, workloads=(workload,))
    rows = MAP.rows(cases(msgspec.structs.replace(session, header=header)))
    assert {(row["layer"], row["in_features"], row["out_features"]) for row in rows} == {("64x64", None, None)}
    assert {(row["in_features"], row["out_features"]) for row in MAP.rows(cases())} == {(64, 64)}


def test_the_axis_reaches_as_far_as_decided_intervals_and_all_points() -> None:
    assert ratio_span(cases()) == 1.5
    wild = changed(verdict="undecided", speedup=1.0, low=0.001, high=900.0)
    assert ratio_span([wild]) == SPANS[0]
    assert ratio_span([changed(verdict="pays off", speedup=4.0, low=3.0, high=5.0)]) == 5.0


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
    assert shortened("a" * 10_000) == "a" * 23 + "\N{HORIZONTAL ELLIPSIS}" + "a" * 24
    assert shortened("a\u202eb\n") == "a\ufffdb "
    assert numbered(["a", "b", "a"]) == ("a (1)", "b", "a (2)")


def test_workloads_whose_short_names_are_alike_are_not_drawn_as_one() -> None:
    rows = [
        msgspec.structs.replace(
            case.row,
            case=msgspec.structs.replace(case.row.case, workload=f"w{at}"),
            title=f"{'x' * 30}{at}{'y' * 40}",
        )
        for at, case in enumerate(cases()[:2])
    ]
    report = make_report((SESSION,))
    summary = msgspec.structs.replace(report.sessions[0], rows=tuple(rows))
    found = case_data_of(msgspec.structs.replace(report, sessions=(summary,)))
    assert len({case.layer for case in found}) == 2


def test_labels_are_unique_and_say_what_differs_alone() -> None:
    found = cases()
    assert len({case.label for case in found}) == len(found)
    assert {case.panel for case in found} == {
        "numpy, batch 1", "numpy, batch 8", "onnxruntime, batch 1", "onnxruntime, batch 8",
    }  # fmt: skip
    assert all("float32" not in case.label and "thread" not in case.label for case in found)


def test_boards_of_one_name_are_numbered_and_stand_side_by_side() -> None:
    found = case_data_of(make_report((SESSION, SESSION)))
    names = {case.board for case in found}
    assert names == {"Raspberry Pi 4 Model B Rev 1.4 (1)", "Raspberry Pi 4 Model B Rev 1.4 (2)"}
    panels = [panel for _, panel in sorted({(case.order, case.panel) for case in found})]
    assert [panel.rpartition(", ")[0] for panel in panels[:2]] == ["numpy, batch 1"] * 2


def test_without_a_measured_case_there_is_nothing_to_draw() -> None:
    assert not any(chart.has_content(cases(UNMEASURED)) for chart in load_charts())


@pytest.mark.parametrize("chart", [MAP, CACHE, FOREST, TIME], ids=lambda chart: chart.name)
def test_a_chart_holds_no_data_of_its_own(chart: Chart[Any]) -> None:
    text = json.dumps(spec_of(chart))
    assert '"values": [{' not in text
    assert '"datasets"' not in text
    assert "64x64" not in text


@pytest.mark.parametrize("is_dark", [False, True])
def test_every_style_that_a_chart_names_is_in_the_theme(is_dark: bool) -> None:
    known = config(is_dark=is_dark)["style"]
    for chart in (MAP, CACHE, FOREST, TIME):
        for layer in layers(chart):
            assert layer["mark"].get("style", "band") in known


@pytest.mark.parametrize("session", [SESSION, COSTED], ids=["times alone", "with costs"])
@pytest.mark.parametrize("chart", load_charts(), ids=lambda chart: chart.name)
def test_every_specification_is_valid_vega_lite_and_has_an_arrangement_for_each_view(
    chart: Chart[Any], session: Session
) -> None:
    import altair

    if chart.has_content(cases(session)):
        spec = spec_of(chart, session)
        altair.Chart.from_dict(spec, validate=True)
        assert len(views_of(chart, chart.frame_of(cases(session)))) == len(spec.get("vconcat", [spec]))


# ---------------------------------------------------------------- the table of charts


def test_the_table_of_charts_is_read_without_altair() -> None:
    code = (
        "import sys; from profiler.report.charts import load_charts; from profiler.report.pictures import NAMES; "
        "assert len(load_charts()) == len(NAMES) - 1 > 0; assert 'altair' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_words_of_a_chart_need_no_altair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)
    for chart in load_charts():
        if chart.has_content(cases(COSTED)):
            assert chart.reading(chart.frame_of(cases(COSTED)))
            assert summary_of(chart, cases(COSTED))
            assert chart.rows(cases(COSTED))


def test_charts_have_names_fields_and_switches_that_are_told_apart() -> None:
    found = load_charts()
    assert len({chart.name for chart in found}) == len(found)
    fields = {field.name: field for chart in found for field in chart.fields}
    assert not fields.keys() & set(DRAWN)
    assert all(fields[field.name] is field for chart in found for field in chart.fields)
    switches = [parameter.name for chart in found for parameter in chart.parameters]
    assert len(set(switches)) == len(switches)


@pytest.mark.parametrize("chart", load_charts(), ids=lambda chart: chart.name)
def test_a_chart_shows_and_sorts_by_what_its_rows_have(chart: Chart[Any]) -> None:
    row = chart.rows(cases(COSTED))[0]
    named = [view_field for view in chart.views(chart.frame_of(cases(COSTED)))
             for view_field in (view.cells, view.names, view.known, view.unknown)]  # fmt: skip
    wanted = {column.field for column in chart.columns} | {chart.falls_by or "label"} | set(filter(None, named))
    assert wanted <= row.keys()


def test_costs_are_drawn_where_they_were_measured() -> None:
    assert COST.has_content(cases(COSTED))
    assert not COST.has_content(cases())


def test_tables_sort_by_values_that_the_page_has() -> None:
    report = make_report((COSTED,))
    keys = set(re.findall(r'data-key="([^"]+)"', render_html(report))) - {
        entry.key for entry in page_data(report).filters
    }
    assert {"load_out_in", "null_high"} <= keys <= json.loads(page_data(report).json)["columns"].keys()


def test_a_chart_is_a_module_and_a_line_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "CHARTS", (*charts.CHARTS, "tests.report.passes_chart"))
    report = make_report((SESSION,))
    data = page_data(report)
    (own,) = [caption for caption in data.captions if caption.name == "passes"]
    assert (own.title, own.reading) == ("Passes of each case", "A bar for each case; the axis ends at 8.")
    assert own.summary == "No case was measured in more than 8 passes."
    document = json.loads(data.json)
    assert document["charts"]["passes"]["columns"] == [
        {"field": "passes", "title": "measured in passes", "kind": "count"}
    ]
    assert document["columns"]["passes"] == {"all": 8, "count": 4}
    text = render_html(report)
    assert '<figure data-chart="passes">' in text
    assert '<input type="checkbox" id="show-passes"> Write the number beside each bar' in text
    assert drawable(report) == ["map", "cache", "forest", "time", "passes", "hardware"]


@pytest.mark.slow
def test_an_added_chart_has_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "CHARTS", (*charts.CHARTS, "tests.report.passes_chart"))
    assert b">passes</text>" in render_picture(make_report((SESSION,)), "passes", PictureFormat.SVG)
