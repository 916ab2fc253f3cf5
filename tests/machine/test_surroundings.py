import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.machine.canary import measure_canary
from profiler.machine.conditions import Clocks, capture_conditions
from profiler.machine.records import Noise
from profiler.machine.surroundings import Surroundings, _busy_s, _swapped_pages, between, look_around, together
from tests.machine.trees import boards

STAT = """cpu  1000 20 300 90000 4000 50 6 7 800 9
cpu0 500 10 150 45000 2000 25 3 4 400 5
intr 12345 0 9
ctxt 99
"""
VMSTAT = """nr_free_pages 12345
pgpgin 777
pswpin 11
pswpout 31
pswpin_extra 5000
pgfault 9999
"""
BEFORE = Surroundings(
    at_s=50.0, cpu_s=1.0, canary_s=1e-5, busy_s=100.0, major_faults=5, minor_faults=50, involuntary_switches=7,
    swapped_pages=40,
)  # fmt: skip


def recorded(root: Path, name: str, text: str) -> Path:
    (root / "proc").mkdir(exist_ok=True)
    (root / "proc" / name).write_text(text)
    return root


def test_busy_time_is_all_but_idling_and_waiting_of_all_cpus(tmp_path: Path) -> None:
    """User, nice, system, irq, softirq and steal; a guest's time is in user already."""
    ticks = 1000 + 20 + 300 + 50 + 6 + 7
    assert _busy_s(recorded(tmp_path, "stat", STAT)) == pytest.approx(ticks / os.sysconf("SC_CLK_TCK"))


def test_swapped_pages_are_those_in_and_out(tmp_path: Path) -> None:
    assert _swapped_pages(recorded(tmp_path, "vmstat", VMSTAT)) == 42


@pytest.mark.parametrize("text", ["", "cpu", "cpu 1 2 3", "cpu  a b c d e f g h", "\n\n"])
def test_a_stat_file_that_is_none_tells_nothing(tmp_path: Path, text: str) -> None:
    assert _busy_s(recorded(tmp_path, "stat", text)) is None
    assert _busy_s(tmp_path / "missing") is None


@pytest.mark.parametrize("text", ["pswpin \n", "pswpin x\n", "pswpout 1.5\n"])
def test_a_vmstat_file_that_is_none_tells_nothing(tmp_path: Path, text: str) -> None:
    assert _swapped_pages(recorded(tmp_path, "vmstat", text)) is None
    assert _swapped_pages(tmp_path / "missing") is None


def test_between_two_looks_lies_what_was_counted_since() -> None:
    after = Surroundings(
        at_s=52.25, cpu_s=3.0, canary_s=2e-5, busy_s=102.5, major_faults=6, minor_faults=70, involuntary_switches=9,
        swapped_pages=44,
    )  # fmt: skip
    assert between(BEFORE, after) == Noise(
        canary_s=(1e-5, 2e-5), elapsed_s=2.25, cpu_s=2.0, other_cpu_s=0.5, major_faults=1, minor_faults=20,
        involuntary_switches=2, swapped_pages=4,
    )  # fmt: skip


def test_what_is_unknown_before_or_after_stays_unknown() -> None:
    bare = Surroundings(at_s=50.0, cpu_s=2.0, canary_s=1e-5)
    for first, second in ((BEFORE, bare), (bare, BEFORE), (bare, bare)):
        quiet = between(first, second)
        assert quiet.other_cpu_s is quiet.major_faults is quiet.swapped_pages is quiet.minor_faults is None
        assert quiet.involuntary_switches is None
        assert quiet.cpu_s >= 0


def test_ticks_that_lag_behind_give_no_negative_time() -> None:
    """The kernel counts all CPUs in ticks and the process in nanoseconds."""
    after = Surroundings(at_s=50.0, cpu_s=1.02, canary_s=1e-5, busy_s=100.01)
    assert between(BEFORE, after).other_cpu_s == 0


def test_stretches_together_are_their_sums_and_the_slowest_canary() -> None:
    parts = [
        Noise(canary_s=(1e-5, 1.1e-5), elapsed_s=1.5, cpu_s=1.0, other_cpu_s=0.25, major_faults=1, minor_faults=10,
              involuntary_switches=3, swapped_pages=2),
        Noise(canary_s=(1.5e-5, 1e-5), elapsed_s=2.5, cpu_s=2.0, other_cpu_s=0.5, major_faults=0, minor_faults=20,
              involuntary_switches=4, swapped_pages=0),
    ]  # fmt: skip
    assert together(parts) == Noise(
        canary_s=(1.5e-5, 1e-5), elapsed_s=4.0, cpu_s=3.0, other_cpu_s=0.75, major_faults=1, minor_faults=30,
        involuntary_switches=7, swapped_pages=2,
    )  # fmt: skip
    assert together(parts[:1]) == parts[0]


def test_a_sum_with_something_unknown_is_unknown() -> None:
    known = Noise(canary_s=(1e-5, 1e-5), elapsed_s=1.0, cpu_s=1.0, other_cpu_s=0.5, swapped_pages=1)
    unknown = Noise(canary_s=(1e-5, 1e-5), elapsed_s=1.0, cpu_s=1.0)
    for parts in ([known, unknown], [unknown, known]):
        found = together(parts)
        assert found.other_cpu_s is found.swapped_pages is None
        assert found.cpu_s == 2.0


@given(st.lists(st.floats(1e-6, 1e-3), min_size=2, max_size=6))
def test_the_slowest_canary_of_a_block_is_never_lost(canaries: list[float]) -> None:
    parts = [Noise(canary_s=(canary, 1e-6), elapsed_s=0, cpu_s=0) for canary in canaries]
    assert max(together(parts).canary_s) == max(canaries)


def test_this_process_sees_its_own_work() -> None:
    before = look_around()
    deadline = time.process_time() + 0.1
    pages = []
    while time.process_time() < deadline:
        pages.append(bytearray(1 << 16))
    quiet = between(before, look_around())
    assert 0.1 <= quiet.cpu_s < 5
    assert quiet.elapsed_s >= 0.1
    assert quiet.minor_faults is None or quiet.minor_faults > 0
    assert all(0 < canary < 1 for canary in quiet.canary_s)


def test_the_canary_is_the_same_work_every_time() -> None:
    """The best of several runs: two looks at one machine differ by little, compared with twice the work."""
    assert min(measure_canary() for _ in range(5)) > 1e-6
    assert max(best := sorted(measure_canary() for _ in range(9))[:5]) < 2 * min(best)


# ---------------------------------------------------------------- conditions


def test_clocks_count_from_the_start_of_the_run() -> None:
    started = Clocks(monotonic_s=time.monotonic() - 100, wall_s=time.time() - 250)
    found = capture_conditions(Path("/"), started=started)
    assert found.at_s == pytest.approx(100, abs=5)
    assert found.wall_s == pytest.approx(250, abs=5)
    assert found.canary_s is not None
    assert found.suspended_s is None or found.suspended_s >= 0


def test_a_short_look_leaves_out_what_takes_time() -> None:
    short = capture_conditions(Path("/"), started=Clocks.now(), is_full=False)
    assert short.canary_s is None
    assert short.load_1min is None
    assert short.swap_used_bytes is None
    assert short.temperatures_celsius == short.frequencies_hz == {}
    assert short.wall_s == pytest.approx(0, abs=5)


def test_short_and_full_looks_see_the_same_governors_and_throttling() -> None:
    """They are compared with each other to tell what changed."""
    short, full = (
        capture_conditions(boards() / "pi4-64bit", started=Clocks.now(), is_full=is_full) for is_full in (False, True)
    )
    assert short.governors == full.governors == {"policy0": "ondemand"}
    assert short.throttled == full.throttled == 0x50005


def test_a_recorded_machine_has_no_clocks_of_this_one() -> None:
    found = capture_conditions(boards() / "pi4-64bit", started=Clocks.now())
    assert found.canary_s is found.wall_s is found.suspended_s is None
    assert (found.load_1min, found.swap_used_bytes) == (0.12, 0)


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="Linux alone tells how long it slept")
def test_sleep_is_what_one_clock_counts_and_the_other_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = {time.CLOCK_BOOTTIME: 1000.0, time.CLOCK_MONOTONIC: 940.0}
    monkeypatch.setattr(time, "clock_gettime", clocks.__getitem__)
    assert capture_conditions(Path("/"), started=Clocks.now(), is_full=False).suspended_s == 60
    clocks[time.CLOCK_BOOTTIME] = 939.9
    assert capture_conditions(Path("/"), started=Clocks.now(), is_full=False).suspended_s == 0
