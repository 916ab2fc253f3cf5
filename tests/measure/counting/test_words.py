import pytest

from profiler.artifacts.records import Form
from profiler.measure.counting.boards import choose_board
from profiler.measure.counting.evidence import Counted, CountFinding, Explanation, Geometry, Source, SourceName
from profiler.measure.counting.geometry import board_geometry
from profiler.measure.counting.words import explain_pair
from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.report.explanation import render_explanation

LINES = 65_536
OUT_IN, IN_OUT = WeightLayout.OUT_IN, WeightLayout.IN_OUT


@pytest.fixture
def pi3() -> Geometry:
    return board_geometry(*choose_board("rpi-3"))


def arm(
    layout: WeightLayout,
    d1: float | None,
    ll: float | None = None,
    *,
    weight_count: int = 16 * LINES,
    rows: int = 1,
    problem: str | None = None,
) -> Counted:
    lines = weight_count // 16
    return Counted(
        source=SourceName.SIMULATION,
        case="numpy/controlled/linear/b1",
        runtime="numpy",
        form=Form.CONTROLLED,
        workload="linear",
        name="linear",
        batch_shape=(rows,),
        layout=layout,
        dtype=NumberFormat.FLOAT32,
        weight_count=weight_count,
        line_bytes=64,
        weight_lines=lines,
        calls=2,
        d1_read_misses=d1,
        ll_read_misses=ll,
        misses_per_line=None if d1 is None else d1 / lines,
        problem=problem,
    )


def say(geometry: Geometry, out_in: Counted, in_out: Counted) -> str:
    return explain_pair({OUT_IN: out_in, IN_OUT: in_out}, geometry).text


def test_a_miss_for_each_load_is_called_so(pi3: Geometry) -> None:
    assert say(pi3, arm(OUT_IN, 66_014, 65_983), arm(IN_OUT, 1_050_142, 1_050_075)) == (
        "in_out misses 15.9 times as often as out_in: each load of a weight is a miss; out_in reads every line of the "
        "weight once. Nearly all of these misses go on through the L2 to memory."
    )


def test_alike_counts_do_not_tell_the_layouts_apart(pi3: Geometry) -> None:
    assert say(pi3, arm(OUT_IN, 67_990, 67_300), arm(IN_OUT, 67_990, 67_300)).startswith(
        "both layouts read every line of the weight once: misses do not tell them apart."
    )
    assert "both layouts miss 8 times per line" in say(pi3, arm(OUT_IN, 8 * LINES), arm(IN_OUT, 8 * LINES))


def test_a_small_difference_is_given_in_numbers_alone(pi3: Geometry) -> None:
    text = say(pi3, arm(OUT_IN, 66_000), arm(IN_OUT, 1.2 * 66_000))
    assert text == "in_out misses 1.2 times as often as out_in, 1.21 against 1.01 times a line of the weight."


def test_a_larger_one_that_is_not_every_load_says_what_the_better_does(pi3: Geometry) -> None:
    text = say(pi3, arm(OUT_IN, 6 * LINES), arm(IN_OUT, 0.01 * LINES))
    assert text.startswith("out_in misses 600 times as often as in_out; in_out keeps the weight in the first level")
    assert "in_out misses 3 times per line" in say(pi3, arm(OUT_IN, 6 * LINES), arm(IN_OUT, 3 * LINES))


def test_a_weight_that_stays_in_the_cache_is_told(pi3: Geometry) -> None:
    small = 4096
    held = say(pi3, arm(OUT_IN, 10, 0, weight_count=small), arm(IN_OUT, 40, 0, weight_count=small))
    assert held == "the first level keeps the weight in both layouts: misses do not tell them apart."
    busy = say(pi3, arm(OUT_IN, 900, 0, weight_count=small), arm(IN_OUT, 910, 0, weight_count=small))
    assert "mostly the runtime's own" in busy


def test_the_last_level_is_named_where_it_decides(pi3: Geometry) -> None:
    assert "The L2 holds the weight" in say(pi3, arm(OUT_IN, LINES, 5), arm(IN_OUT, LINES, 9))
    assert "in_out reads 1.5 times as many lines from memory" in say(
        pi3, arm(OUT_IN, 1.5 * LINES, LINES), arm(IN_OUT, 1.5 * LINES, 1.5 * LINES)
    )
    assert say(pi3, arm(OUT_IN, 66_414, 66_087), arm(IN_OUT, 75_166, 65_968)).endswith(
        "From memory both read about as many lines."
    )
    assert "50 % of these misses" in say(pi3, arm(OUT_IN, LINES, LINES / 2), arm(IN_OUT, LINES, LINES / 2))


def test_what_could_not_be_counted_is_said(pi3: Geometry) -> None:
    died = say(pi3, arm(OUT_IN, LINES), arm(IN_OUT, None, problem="under valgrind it died of SIGILL"))
    assert died == "in_out could not be counted: under valgrind it died of SIGILL"
    assert "were not counted for both" in say(pi3, arm(OUT_IN, LINES), arm(IN_OUT, None))


def test_the_page_names_the_sources_and_stays_within_80_columns(pi3: Geometry) -> None:
    arms = (arm(OUT_IN, 66_014, 65_983), arm(IN_OUT, None, problem="died"))
    text = render_explanation(
        Explanation(
            schema_version=1,
            tool_version="1",
            sources=(
                Source(
                    name=SourceName.SIMULATION,
                    what="valgrind " * 12,
                    tells="misses",
                    cannot_tell="time",
                    notes=("assumed",),
                    geometry=pi3,
                ),
                Source(name=SourceName.COUNTERS, what="counters", tells="", cannot_tell="", problem="no PMU"),
            ),
            counted=arms,
            findings=(
                CountFinding(case=arms[0].case, runtime="numpy", source=SourceName.SIMULATION, text="So it is."),
            ),
        )
    )
    assert max(map(len, text.splitlines())) <= 80
    assert "cannot tell: time" in text
    assert "counters: none. counters: no PMU" in text
    assert "numpy   [out,in]         66,014         65,983        1.01 simulation" in text
    assert "numpy   [in,out]              -              -           - simulation" in text
    assert "numpy, simulation: So it is." in text
