import errno
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from profiler.base.death import ChildError
from profiler.measure.counting.counters import Counters, refusals, try_counters
from profiler.measure.counting.events import EVENTS, INSTRUCTIONS, L1D_READ_MISSES, L1D_REFILLS, Event, events_of
from profiler.measure.counting.job import Tried, WalkJob
from profiler.measure.counting.perf import LinuxPerf, call_number, count_event, event_attributes, refusal
from profiler.measure.counting.trial import LINES, make_walk, try_event

TASK_CLOCK = Event("task-clock", 1, 1)  # counted by the kernel itself, on every machine


class FakePerf:
    """Counts what it is told, or refuses."""

    def __init__(
        self, count: int = 0, *, enabled: int = 100, running: int = 100, code: int = 0, data: bytes | None = None
    ) -> None:
        self.code = code
        self.data = struct.pack("=QQQ", count, enabled, running) if data is None else data
        self.log: list[str] = []

    def open(self, event: Event) -> int:
        if self.code:
            raise OSError(self.code, "refused")
        self.log.append(f"open {event.name}")
        return 7

    def switch(self, descriptor: int, *, on: bool) -> None:
        self.log.append("on" if on else "off")

    def read(self, descriptor: int) -> bytes:
        return self.data

    def close(self, descriptor: int) -> None:
        self.log.append("close")


def test_only_the_work_is_counted_and_the_descriptor_given_back() -> None:
    perf = FakePerf(5)
    reading = count_event(perf, INSTRUCTIONS, lambda: perf.log.append("work"))
    assert (reading.count, reading.problem) == (5, None)
    assert perf.log == ["open instructions", "on", "work", "off", "close"]


def test_a_counter_that_was_shared_is_scaled_up() -> None:
    assert count_event(FakePerf(5, enabled=300, running=100), INSTRUCTIONS, int).count == 15


@pytest.mark.parametrize(
    ("perf", "expected"),
    [
        (FakePerf(code=errno.ENOENT), "no such counter"),
        (FakePerf(code=errno.EACCES), "perf_event_paranoid is"),
        (FakePerf(code=errno.ENOSYS), "no perf_event_open"),
        (FakePerf(code=errno.EINVAL), "refused"),
        (FakePerf(5, running=0), "never got a counter"),
        (FakePerf(data=b"short"), "instead of three numbers"),
    ],
)
def test_what_does_not_count_says_why_in_a_line(perf: FakePerf, expected: str) -> None:
    problem = count_event(perf, INSTRUCTIONS, int).problem
    assert problem is not None
    assert expected in problem
    assert "\n" not in problem
    assert "close" in perf.log or not perf.log


def test_paranoia_is_named_with_what_helps(tmp_path: Path) -> None:
    (tmp_path / "level").write_text("4\n")
    assert "perf_event_paranoid is 4; at most 2" in refusal(errno.EPERM, "", paranoid=tmp_path / "level")
    assert "is unknown" in refusal(errno.EPERM, "", paranoid=tmp_path / "none")


def test_an_event_that_opens_and_stays_0_is_not_used() -> None:
    # as an emulated Raspberry Pi 4 does
    tried = try_event(FakePerf(0), L1D_READ_MISSES, int)
    assert tried.problem is not None
    assert "opened, but counted 0 on a walk over 131,072 lines" in tried.problem
    assert try_event(FakePerf(LINES), L1D_READ_MISSES, int).problem is None


def test_only_arm_is_asked_for_arms_own_events() -> None:
    assert L1D_REFILLS in events_of("aarch64")
    assert L1D_REFILLS in events_of("armv7l")
    assert L1D_REFILLS not in events_of("x86_64")
    assert len(events_of("riscv64")) == len(EVENTS) - 2


def test_events_are_numbered_as_linux_does() -> None:
    assert (L1D_READ_MISSES.type, L1D_READ_MISSES.config) == (3, 0x10000)
    assert (L1D_REFILLS.type, L1D_REFILLS.config) == (4, 0x03)
    data = event_attributes(L1D_READ_MISSES)
    assert len(data) == 64
    assert struct.unpack_from("=IIQ", data) == (3, 64, 0x10000)
    assert struct.unpack_from("=Q", data, 40) == (0b1100001,)  # disabled, exclude_kernel, exclude_hv


@pytest.mark.parametrize(
    ("machine", "pointer_bytes", "number"),
    [
        ("x86_64", 8, 298),
        ("aarch64", 8, 241),
        ("riscv64", 8, 241),
        ("armv7l", 4, 364),
        ("aarch64", 4, 364),
        ("x86_64", 4, 336),
        ("riscv32", 4, None),
        ("s390x", 8, None),
    ],
)
def test_the_system_call_has_the_programs_number(machine: str, pointer_bytes: int, number: int | None) -> None:
    assert call_number(machine, pointer_bytes=pointer_bytes) == number


def test_the_real_system_call_counts_what_the_kernel_counts_by_itself() -> None:
    reading = count_event(LinuxPerf(), TASK_CLOCK, make_walk())
    if reading.problem is not None:
        pytest.skip(f"perf events: {reading.problem}")
    assert reading.count > 1000  # nanoseconds


def test_reasons_are_told_once_each() -> None:
    tried = [
        Tried(event="a", count=None, problem="x"),
        Tried(event="b", count=None, problem="x"),
        Tried(event="c", count=None, problem="y"),
    ]
    assert refusals(tried) == ["a, b: x", "c: y"]
    assert refusals(tried[:2]) == ["x"]


def test_counters_name_what_was_seen_to_count_and_what_was_not() -> None:
    counters = Counters(
        [Tried(event="cycles", count=1e6, problem=None), Tried(event="LLC read misses", count=None, problem="gone")]
    )
    assert counters.events == ("cycles",)
    assert counters.source.problem is None
    assert counters.source.notes == ("seen to count on a known walk: cycles", "LLC read misses: gone")
    assert Counters([]).source.problem == "no event was tried"


def test_a_trial_that_dies_leaves_no_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    def die(job: WalkJob) -> None:
        raise ChildError("died of SIGSEGV")

    monkeypatch.setattr("profiler.measure.counting.counters.ask_child", die)
    assert try_counters().source.problem == "the trial died of SIGSEGV"


def test_the_walk_reads_every_line_of_its_buffer() -> None:
    walk: Callable[[], object] = make_walk()
    sums = walk()
    assert isinstance(sums, list)
    assert sum(map(int, sums)) == LINES
