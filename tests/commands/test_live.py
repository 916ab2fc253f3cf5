"""How a run is shown while it goes on: a fake console, a fake clock, invented blocks."""

import io
import random
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from profiler.commands.live import MOST_SHARE, REFRESH_S, frame_lines
from profiler.commands.progress import PLAIN_LINE_EVERY_S, RunProgress
from profiler.commands.runstate import SLOTS, RunState, format_left, machine_words, short_label, time_words
from profiler.judge.records import Estimate, Verdict
from profiler.machine.records import Conditions
from profiler.measure.tally import CaseProgress
from profiler.report.screen import Screen
from profiler.session.records import Block, Disturbance, Failure, Stage
from tests.sessions import make_block, make_case

CASE = make_case()
BLOCK = make_block(CASE, 0, factor=1.0, generator=random.Random(1))
DISTURBED = msgspec.structs.replace(BLOCK, disturbed_by=(Disturbance.CANARY,))
CLEAR_LINE = "\x1b[2K"


def standing(case: str = CASE.id, *, passes: int = 3, low: float = -0.01, high: float = 0.02) -> CaseProgress:
    effect = Estimate(point=(low + high) / 2, low=low, high=high, confidence_level=0.95)
    return CaseProgress(case, passes, effect, 0.001)


def state_at(at_s: float, **changes: object) -> Conditions:
    return Conditions(at_s=at_s, utc="2026-11-21T00:00:00Z", **changes)  # type: ignore[arg-type]


class Shown:
    """A progress with a clock that is set by hand, and what it wrote."""

    def __init__(
        self,
        *,
        is_terminal: bool = True,
        quiet: bool = False,
        width: int = 80,
        height: int = 30,
        budget_s: float | None = None,
        term: str = "xterm-256color",
        no_color: str = "",
    ) -> None:
        self.now = 0.0
        self.file = io.StringIO()
        console = Console(
            file=self.file, force_terminal=is_terminal, width=width, height=height, quiet=quiet,
            _environ={"TERM": term, "NO_COLOR": no_color},
        )  # fmt: skip
        self.progress = RunProgress(
            quiet=quiet, margin=0.03, budget_s=budget_s, console=console, clock=lambda: self.now
        )

    def text(self) -> str:
        """What was written since it was last asked."""
        found = self.file.getvalue()
        self.file.seek(0)
        self.file.truncate()
        return found

    def block(self, seconds: float = 1.0, block: Block = BLOCK, case: str = CASE.id) -> str:
        self.now += seconds
        self.text()
        self.progress.measured(block, standing(case))
        return self.text()


def unstyled(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


@pytest.fixture(autouse=True)
def _utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def test_a_terminal_shows_bar_time_verdicts_machine_and_intervals() -> None:
    shown = Shown(budget_s=60)
    with shown.progress as progress:
        progress.planned(blocks=20, done=0, open_cases=4)
        progress.conditions(state_at(0.0, temperatures_celsius={"cpu": 61.7, "gpu": 50.0}, throttled=0))
        shown.block(5)
        progress.decided({"a": Verdict.PAYS_OFF, "b": Verdict.EQUAL}, open_cases=2)
        progress.conditions(state_at(10.0, throttled=0x40005))
        found = unstyled(shown.block(5, DISTURBED))
    assert "2 of at most 20 blocks" in found
    assert "at most 1 min 30 s left; the budget ends in 45 s" in found
    assert "cases decided: 2 of 4 (1 pays off, 1 equal)" in found
    assert "62 C; under-voltage, throttled; 1 of 2 blocks disturbed (canary 1)" in found
    assert re.search(r"numpy 64x64 b1 +1\.01 \[0\.99, 1\.02\] +·+├═*●═*┤·+ +3 passes", found)


def test_it_is_drawn_when_a_block_ends_and_never_more_than_four_times_a_second() -> None:
    shown = Shown()
    with shown.progress as progress:
        progress.planned(blocks=1000, done=0, open_cases=1)
        drawn = [bool(shown.block(0.01)) for _ in range(100)]
        assert 3 <= sum(drawn) <= 1 / REFRESH_S
        assert shown.block(REFRESH_S)


def test_the_view_replaces_itself_and_leaves_nothing_behind() -> None:
    shown = Shown()
    with shown.progress as progress:
        progress.planned(blocks=4, done=0, open_cases=1)
        first, second = shown.block(), shown.block()
        assert [drawn.count(CLEAR_LINE) for drawn in (first, second)] == [4, 6]  # the lines of the frames before
    _, _, erased = shown.text().rpartition("passes")
    assert "\x1b[?25h" in erased  # the cursor is shown again
    assert erased.count(CLEAR_LINE) >= 5
    assert unstyled(erased).strip() == ""


def test_what_is_said_during_a_run_stays_above_the_view() -> None:
    shown = Shown()
    failure = Failure(
        runtime="numpy", case="x[bold]", stage=Stage.MEASURE, pass_index=0, signal=9, exit_status=None, message="gone"
    )
    with shown.progress as progress:
        progress.stage("checking the answers of numpy")
        assert shown.text() == "run: checking the answers of numpy\n"
        progress.planned(blocks=4, done=0, open_cases=1)
        shown.block()
        progress.failed(failure)
        found = unstyled(shown.text())
        assert "run: failed: x[bold]: gone\n" in found
        assert found.index("failed") < found.index("of at most")


@pytest.mark.parametrize("changes", [{"is_terminal": False}, {"term": "dumb"}])
def test_elsewhere_there_is_a_line_every_15_seconds_and_when_cases_are_decided(changes: dict[str, object]) -> None:
    shown = Shown(**changes)  # type: ignore[arg-type]
    with shown.progress as progress:
        progress.planned(blocks=20, done=0, open_cases=4)
        assert shown.block(PLAIN_LINE_EVERY_S - 1) == ""
        assert shown.block(1, DISTURBED) == "run: 2 of 20, at most 2 min 15 s left, 1 disturbed\n"
        assert shown.block(1) == ""
        progress.decided({"a": Verdict.EQUAL, "b": Verdict.EQUAL, "c": Verdict.COSTS}, open_cases=1)
        assert shown.text() == "run: 3 cases decided (1 costs, 2 equal), 1 still open\n"
        progress.decided({"d": Verdict.COSTS}, open_cases=0)
        assert shown.text() == "run: 1 case decided (1 costs), all are decided\n"
    assert shown.text() == ""


@pytest.mark.parametrize("is_terminal", [False, True])
def test_quiet_says_nothing_at_all(is_terminal: bool) -> None:
    shown = Shown(quiet=True, is_terminal=is_terminal)
    with shown.progress as progress:
        progress.stage("x")
        progress.planned(blocks=20, done=0, open_cases=4)
        progress.decided({"a": Verdict.EQUAL}, open_cases=3)
        assert shown.block(100) == ""
        progress.warned("y")
    assert shown.text() == ""


@pytest.mark.parametrize(("value", "is_colored"), [("", True), ("1", False)])
def test_no_color_leaves_no_colour(value: str, is_colored: bool) -> None:
    shown = Shown(no_color=value)
    with shown.progress as progress:
        progress.planned(blocks=20, done=0, open_cases=1)
        progress.decided({CASE.id: Verdict.PAYS_OFF}, open_cases=0)
        assert bool(re.search(r"\x1b\[[0-9;]*3[0-7]m", shown.block())) is is_colored


def test_without_unicode_it_is_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    shown = Shown()
    with shown.progress as progress:
        progress.planned(blocks=2, done=0, open_cases=1)
        found = shown.block()
    assert found.isascii()
    assert re.search(r"run =+\.+ 1 of", unstyled(found))


IDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789/-", min_size=1, max_size=90)
LOGS = st.floats(-800, 800)


@given(
    st.integers(40, 200),
    st.integers(1, 60),
    st.booleans(),
    st.lists(st.tuples(IDS, LOGS, LOGS, st.integers(0, 10**6)), max_size=12),
    st.floats(0, 1e7),
)
def test_any_frame_fits_the_terminal(
    width: int, height: int, unicode: bool, cases: list[tuple[str, float, float, int]], now: float
) -> None:
    state = RunState(margin=0.03, budget_s=1e6)
    state.planned(blocks=10**6, done=3, open_cases=99, now=0.0)
    state.saw(state_at(1.0, temperatures_celsius={"x": 99.0}, throttled=0xFFFFF), now=1.0)
    for case, one, other, passes in cases:
        state.measured(DISTURBED, standing(case, passes=passes, low=min(one, other), high=max(one, other)))
    lines = [line for line, _ in frame_lines(state, now, screen=Screen(unicode=unicode, width=width), height=height)]
    assert max(map(len, lines)) <= width
    assert unicode or "".join(lines).isascii()
    if height > 12:
        assert len(lines) < height
        assert len(lines) >= min(SLOTS, len({case for case, *_ in cases}), height - 12)


def test_a_narrow_terminal_keeps_the_end_of_a_name_and_the_bar() -> None:
    state = RunState(margin=0.03)
    state.planned(blocks=9, done=0, open_cases=1, now=0.0)
    state.measured(BLOCK, standing("onnxruntime-unpacked/controlled/linear-1024x1024/b8/float32/t1/warm"))
    *_, line = [line for line, _ in frame_lines(state, 1.0, screen=Screen(width=40), height=24)]
    assert line.startswith("…")
    assert "1024x1024 b8 " in line
    assert "●" in line


def test_cases_keep_their_line_and_the_one_measured_longest_ago_makes_room() -> None:
    state = RunState(margin=0.03)
    for name in "abcdefgh":
        state.measured(BLOCK, standing(name))
    state.measured(BLOCK, standing("a", passes=4))
    state.measured(BLOCK, standing("new"))
    shown = state.latest(SLOTS)
    assert [slot.case for slot in shown] == ["a", "new", *"cdefgh"]
    assert shown[0].passes == 4
    assert [slot.case for slot in state.latest(3)] == ["a", "new", "h"]
    assert state.latest(0) == []


def test_repeated_blocks_are_no_progress_and_are_counted_as_blocks() -> None:
    state = RunState(margin=0.03)
    state.planned(blocks=10, done=4, open_cases=1, now=0.0)
    state.measured(DISTURBED, standing())
    state.measured(msgspec.structs.replace(BLOCK, attempt=1), standing())
    assert (state.done, state.blocks, state.disturbed_blocks) == (5, 2, 1)


def test_the_time_left_follows_the_pace_of_this_invocation_alone() -> None:
    state = RunState(margin=0.03, budget_s=1000.0)
    state.planned(blocks=110, done=100, open_cases=1, now=50.0)
    assert time_words(state, 50.0) == ["time left unknown"]
    state.measured(BLOCK, standing())
    state.saw(state_at(20.0), now=52.0)
    assert time_words(state, 52.0) == ["at most 18 s left"]
    state.budget_s = 25.0
    state.saw(state_at(20.0), now=52.0)
    assert time_words(state, 54.0) == ["at most 36 s left", "the budget ends in 3 s"]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59.6, "1 min 00 s"), (65, "1 min 05 s"), (7260, "2 h 01 min")]
)
def test_times_read_well(seconds: float, words: str) -> None:
    assert format_left(seconds) == words


def test_what_the_machine_does_not_tell_is_unknown() -> None:
    state = RunState(margin=0.03)
    assert machine_words(state) == ["temperature and throttling unknown", "0 of 0 blocks disturbed"]
    state.saw(state_at(0.0, temperatures_celsius={"x": 50.0}), now=0.0)
    assert machine_words(state)[:2] == ["50 C", "throttling unknown"]
    state.saw(state_at(1.0, throttled=0), now=1.0)
    assert machine_words(state)[:2] == ["50 C", "not throttled"]


@pytest.mark.parametrize(
    ("case", "label"),
    [
        ("numpy/controlled/linear-64x64/b8/float32/t1/warm", "numpy 64x64 b8"),
        ("eager/idiomatic/iris/b5x3/float32/t4/cold/slower/2", "eager idiomatic iris b5x3 t4 cold slower 2"),
    ],
)
def test_a_label_leaves_out_what_nearly_all_cases_share(case: str, label: str) -> None:
    assert short_label(case) == label


class SlowFile(io.StringIO):
    """A terminal that takes its time."""

    def __init__(self, shown: Shown, seconds: float) -> None:
        super().__init__()
        self.shown, self.seconds = shown, seconds

    def flush(self) -> None:
        self.shown.now += self.seconds


def test_where_drawing_takes_long_it_is_done_more_rarely() -> None:
    shown = Shown()
    with shown.progress as progress:
        progress.planned(blocks=1000, done=0, open_cases=1)
        shown.progress._live._console.file = SlowFile(shown, 0.01)  # type: ignore[union-attr]
        shown.now += 1
        before = shown.now
        progress.measured(BLOCK, standing())
        spent = shown.now - before
        assert spent >= 0.01
        shown.progress._live._console.file = shown.file  # type: ignore[union-attr]
        shown.text()
        assert shown.block(spent / MOST_SHARE * 0.9) == ""
        assert shown.block(spent / MOST_SHARE * 0.1)
