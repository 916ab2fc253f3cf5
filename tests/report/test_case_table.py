"""The table of the terminal report and the screen it is drawn for."""

import math
from pathlib import Path

import click
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.base.text import columns
from profiler.judge.records import Estimate, Row, Verdict
from profiler.report.case_table import table_lines
from profiler.report.case_text import name_cases
from profiler.report.document import make_report
from profiler.report.formats import Format, render
from profiler.report.screen import DRAWN, Screen, cut
from profiler.report.values import UNKNOWN
from tests.sessions import make_case, make_session

GOLDEN = Path(__file__).parent / "golden"
CASES = [make_case(batch, runtime) for runtime in ("numpy", "onnxruntime") for batch in (1, 8)]
SESSION = make_session(dict(zip(CASES, (1.0, 1.25, 0.8, 1.028), strict=True)), noise=0.006)
REPORT = make_report((SESSION,))
BOUND = math.log(1.03)
SCREENS = {"color": Screen(color=True), "ascii": Screen(unicode=False), "wide": Screen(width=100)}


@pytest.mark.parametrize("name", SCREENS)
def test_a_fixed_session_gives_the_golden_text_on_every_kind_of_screen(
    name: str, request: pytest.FixtureRequest
) -> None:
    """After a change that is meant: scripts/test tests/report --update-golden."""
    path = GOLDEN / f"terminal-{name}.txt"
    found = render(REPORT, Format.TERMINAL, screen=SCREENS[name])
    if request.config.getoption("--update-golden"):
        path.write_text(found)
    assert found == path.read_text()


def test_the_golden_session_has_every_verdict() -> None:
    (summary,) = REPORT.sessions
    assert {row.verdict for row in summary.rows} == set(Verdict)


def test_colours_add_nothing_but_colours() -> None:
    """Nor do they leave a colour on at the end of a line."""
    painted = render(REPORT, Format.TERMINAL, screen=SCREENS["color"])
    assert click.unstyle(painted) == render(REPORT, Format.TERMINAL)
    for code in (32, 31, 94, 2):
        assert f"\x1b[{code}m" in painted
    for line in painted.splitlines():
        assert line.count("\x1b[0m") == line.count("\x1b[") / 2


def test_ascii_is_ascii_and_as_wide() -> None:
    plain, spelled = (render(REPORT, Format.TERMINAL, screen=screen) for screen in (Screen(), SCREENS["ascii"]))
    assert spelled.isascii()
    assert not plain.isascii()
    assert [len(line) for line in spelled.splitlines()] == [len(line) for line in plain.splitlines()]


def test_everything_drawn_has_an_ascii_stand_in() -> None:
    assert all(len(character) == len(ascii_) == 1 and ascii_.isascii() for character, ascii_ in DRAWN.items())
    assert Screen(unicode=False).spell("├═●─┤ é") == "|=o-| ?"


@pytest.mark.parametrize("width", [40, 50, 60, 70, 79, 80, 100])
@pytest.mark.parametrize("color", [False, True])
def test_no_line_is_wider_than_the_screen(width: int, color: bool) -> None:
    found = click.unstyle(render(REPORT, Format.TERMINAL, screen=Screen(width=width, color=color)))
    assert max(map(len, found.splitlines())) <= width
    for word in ("pays off", "costs", "equal", "undecided", "64x64"):
        assert word in found


ROWS = REPORT.sessions[0].rows
RATIO = st.floats(0, 1e12)
REASONABLE = st.floats(0.2, 5)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789._-", min_size=1, max_size=64)


def row(name: str, ratios: list[float], verdict: Verdict, floor: float | None, batch: str = "8") -> Row:
    low, point, high = sorted(ratios)
    speedup = Estimate(point=point, low=low, high=high, confidence_level=0.95)
    return msgspec.structs.replace(
        ROWS[0], title=name, batch=batch, speedup=speedup, verdict=verdict, noise_floor=floor
    )


@given(
    st.lists(
        st.builds(
            row,
            NAMES,
            st.lists(RATIO, min_size=3, max_size=3),
            st.sampled_from(Verdict),
            st.one_of(st.none(), st.floats(0, 1e6)),
            st.text("0123456789x", min_size=1, max_size=60),
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(40, 120),
    st.booleans(),
)
def test_any_names_and_numbers_stay_within_the_screen(rows: list[Row], width: int, color: bool) -> None:
    lines = [click.unstyle(line) for line in table_lines(rows, Screen(width=width, color=color), bound=BOUND)]
    assert max(map(len, lines)) <= width


@given(
    st.lists(
        st.builds(
            row,
            NAMES,
            st.lists(REASONABLE, min_size=3, max_size=3),
            st.sampled_from(Verdict),
            st.one_of(st.none(), st.floats(0, 1)),
        ),
        min_size=1,
        max_size=4,
    ),
    st.booleans(),
)
def test_at_80_columns_every_row_keeps_its_name_its_bar_and_its_verdict(rows: list[Row], color: bool) -> None:
    head, *lines = [click.unstyle(line) for line in table_lines(rows, Screen(color=color), bound=BOUND)]
    for title in ("layer", "batch", "weights", "out,in", "in,out", "speedup", "1.", "verdict"):
        assert title in head
    numbers = [line for line in lines if " us " in line and f" {UNKNOWN}" not in line]
    assert [line.split()[-1] for line in numbers] == [found.verdict.value.split()[-1] for found in rows]
    assert len({line.index("K L1") for line in numbers}) == 1
    for found in rows:
        assert any(found.title in line for line in lines)


def test_a_long_name_stands_above_its_rows_once() -> None:
    ratios = [1.0, 1.0, 1.0]
    rows = [row("n" * 30, ratios, Verdict.EQUAL, 0.01, batch) for batch in ("1", "8")]
    rows.append(row("64x64", ratios, Verdict.EQUAL, 0.01))
    _, name, first, second, other = table_lines(rows, Screen(), bound=BOUND)
    assert name == "n" * 30
    assert first.split()[0] == "1"
    assert second.split()[0] == "8"
    assert other.startswith("64x64")


def other_workload(name: str) -> Row:
    return msgspec.structs.replace(ROWS[0], title=name, case=msgspec.structs.replace(ROWS[0].case, workload=name))


def test_long_names_with_one_beginning_can_be_told_apart() -> None:
    names = [f"/model/{'decoder/' * 20}layers.{at}/q_proj/MatMul 64x64" for at in range(2)]
    lines = table_lines([*map(other_workload, names)], Screen(), bound=BOUND)
    assert [line[-29:] for line in lines if "MatMul" in line] == [
        f"/layers.{at}/q_proj/MatMul 64x64" for at in range(2)
    ]


def test_two_workloads_of_one_title_are_named_one_by_one() -> None:
    twins = [
        msgspec.structs.replace(other_workload("n" * 30), case=msgspec.structs.replace(CASES[0], workload=workload))
        for workload in ("n-1", "n-2")
    ]
    assert table_lines(twins, Screen(), bound=BOUND).count("n" * 30) == 2
    assert name_cases(twins).count("n" * 30) == 2


@pytest.mark.parametrize("name", ["日本語モデル層", "e\N{COMBINING ACUTE ACCENT}" * 4])
def test_letters_that_are_wider_or_narrower_than_one_column_shift_nothing(name: str) -> None:
    _, wide, usual = table_lines([other_workload(name), other_workload("64x64")], Screen(), bound=BOUND)
    assert wide.startswith(name)
    assert columns(wide[: wide.index(" L1")]) == columns(usual[: usual.index(" L1")])


def test_a_sentence_names_no_case_at_length() -> None:
    long = other_workload("x" * 1000 + " 64x64")
    assert len(long.label) < 120
    assert len(name_cases([long])) < 120
    assert long.label.endswith("x 64x64, batch 1")


def test_a_wide_screen_has_room_for_the_null() -> None:
    assert "null" not in table_lines(ROWS, Screen(), bound=BOUND)[0]
    assert "null" in table_lines(ROWS, Screen(width=100), bound=BOUND)[0]


@pytest.mark.parametrize(
    ("text", "width", "found"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("abc", 1, "…"), ("a", 0, "")]
)
def test_what_is_too_long_is_cut_with_an_ellipsis(text: str, width: int, found: str) -> None:
    assert cut(text, width) == found
