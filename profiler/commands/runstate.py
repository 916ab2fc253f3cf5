"""What a run has told so far, as the live view and the plain lines show it."""

import collections
import dataclasses
from collections.abc import Sequence

from profiler.artifacts.records import Form
from profiler.judge.records import Verdict
from profiler.machine.records import Conditions
from profiler.machine.sources.throttling import NOW, throttle_words
from profiler.measure.tally import CaseProgress
from profiler.models.number_format import NumberFormat
from profiler.session.records import Block, Weights

SLOTS = 8  # cases that are shown at a time
_USUAL = {Form.CONTROLLED, NumberFormat.FLOAT32, "t1", Weights.WARM}


@dataclasses.dataclass
class RunState:
    """Is told what an observer is told, and the time of it in seconds of one clock. Keeps no block."""

    margin: float
    budget_s: float | None = None
    done: int = 0
    total: int = 0
    open_cases: int = 0
    blocks: int = 0
    verdicts: dict[str, Verdict] = dataclasses.field(default_factory=dict)
    disturbed: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    disturbed_blocks: int = 0
    conditions: Conditions | None = None
    temperature_celsius: float | None = None
    _slots: list[CaseProgress] = dataclasses.field(default_factory=list)
    _order: list[str] = dataclasses.field(default_factory=list)
    _began: tuple[float, int] | None = None
    _budget_ends: float | None = None

    def planned(self, *, blocks: int, done: int, open_cases: int, now: float) -> None:
        """Take note of the number of blocks, once it is known and when it has become smaller."""
        self.total, self.done, self.open_cases = blocks, done, open_cases
        self._began = self._began or (now, done)

    def saw(self, state: Conditions, *, now: float) -> None:
        """Take note of the machine's state. What is not read after every block stays as it was."""
        self.conditions = state
        if state.temperatures_celsius:
            self.temperature_celsius = max(state.temperatures_celsius.values())
        if self.budget_s is not None:
            self._budget_ends = now + self.budget_s - state.at_s

    def measured(self, block: Block, standing: CaseProgress) -> None:
        """Count a block. Its case keeps its line, or takes that of the case whose last block is longest ago."""
        self.blocks += 1
        self.done += block.attempt == 0
        self.disturbed_blocks += bool(block.disturbed_by)
        self.disturbed.update(block.disturbed_by)
        known = [slot.case for slot in self._slots]
        if standing.case in known:
            self._slots[known.index(standing.case)] = standing
            self._order.remove(standing.case)
        elif len(self._slots) < SLOTS:
            self._slots.append(standing)
        else:
            self._slots[known.index(self._order.pop(0))] = standing
        self._order.append(standing.case)

    def decided(self, verdicts: dict[str, Verdict], *, open_cases: int) -> None:
        """Take note of the cases that a look has decided, and of how many are still open."""
        self.verdicts |= verdicts
        self.open_cases = open_cases

    def latest(self, count: int) -> Sequence[CaseProgress]:
        """The cases measured last, each where it stood before."""
        chosen = set(self._order[max(0, len(self._order) - count) :])
        return [slot for slot in self._slots if slot.case in chosen]

    def left_s(self, now: float) -> float | None:
        """How long the rest takes at the pace so far, if no further case is decided; None before there is a pace."""
        if self._began is None or self.done <= self._began[1]:
            return None
        since, first = self._began
        return (now - since) / (self.done - first) * max(0, self.total - self.done)

    def budget_left_s(self, now: float) -> float | None:
        """What is left of the time budget, None without one."""
        return None if self._budget_ends is None else max(0.0, self._budget_ends - now)


def time_words(state: RunState, now: float) -> list[str]:
    """How long the run will take, `at most 3 min 05 s left`, and when the budget ends if that is sooner."""
    left, budget = state.left_s(now), state.budget_left_s(now)
    words = ["time left unknown" if left is None else f"at most {format_left(left)} left"]
    if budget is not None and (left is None or budget < left):
        words.append(f"the budget ends in {format_left(budget)}")
    return words


def format_left(seconds: float) -> str:
    """A duration in short: `3 min 05 s`."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"


def count_words(verdicts: Sequence[Verdict]) -> str:
    """How many cases have each verdict, in short: `3 pays off, 1 equal`."""
    counts = collections.Counter(verdicts)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])


def machine_words(state: RunState) -> list[str]:
    """Temperature, throttling now, and how many blocks something disturbed."""
    word = state.conditions.throttled if state.conditions else None
    heat = "temperature unknown" if state.temperature_celsius is None else f"{state.temperature_celsius:.0f} C"
    now = ", ".join(throttle_words(word & NOW)) if word is not None else ""
    throttling = "throttling unknown" if word is None else now or "not throttled"
    if state.temperature_celsius is None and word is None:
        heat, throttling = "temperature and throttling unknown", ""
    marks = ", ".join(f"{mark} {count}" for mark, count in state.disturbed.most_common())
    disturbed = f"{state.disturbed_blocks} of {state.blocks} blocks disturbed" + (f" ({marks})" if marks else "")
    return [text for text in (heat, throttling, disturbed) if text]


def short_label(case: str) -> str:
    """A case's id without what nearly all cases share: `numpy 64x64 b8`."""
    return " ".join(part.removeprefix("linear-") for part in case.split("/") if part not in _USUAL)
