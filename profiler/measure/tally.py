"""What a run knows so far: which blocks are done, which cases are decided, and how the next blocks shall be designed.

A pure function of the records of its session, so that a resumed run goes on as the first one would have.
"""

import collections
import dataclasses
from collections.abc import Collection, Sequence

from profiler.judge.comparison import rule_of, series_of
from profiler.judge.disturbance import better_attempt, canary_of, counted
from profiler.judge.placement import PILOT_PASSES, Design, choose_designs
from profiler.judge.records import Estimate, Verdict
from profiler.judge.verdicts import Evidence, Series, decided
from profiler.session.records import Block, Case, Cost, Disturbance, Options, Start, Team

MAX_CANARIES = 256
FEW_BLOCKS = 16  # before so many the share of repeats is reckoned as if there were as many


@dataclasses.dataclass(frozen=True)
class _Pass:
    """What is kept of a case's block in a pass."""

    effect: float
    null: float
    disturbed_by: tuple[Disturbance, ...]


@dataclasses.dataclass(frozen=True)
class CaseProgress:
    """How a case stands between looks: the log speedup, as the next look would see it, and the noise. No verdict."""

    case: str
    passes: int
    effect: Estimate | None
    noise_floor: float | None


class Tally:
    """Is told of every record of a run."""

    def __init__(self, cases: Sequence[Case], options: Options) -> None:
        self._options = options
        self._rule = rule_of(options)
        self.teams = {case.id: case.team for case in cases}
        self._passes: dict[str, dict[int, _Pass]] = {case.id: {} for case in cases}
        self._pilot: dict[str, list[Block]] = {case.id: [] for case in cases}
        self._starts: list[Start] = []
        self._blocks = self._repeats = self._waiting = 0
        self._costs: set[tuple[str, int]] = set()
        self._recent: collections.deque[bool] = collections.deque(maxlen=FEW_BLOCKS)
        self.canaries: collections.deque[float] = collections.deque(maxlen=MAX_CANARIES)
        self.decided: dict[str, Verdict] = {}

    def add_block(self, block: Block) -> None:
        """Count a block, once it is on disk."""
        series, passes = series_of([block]), self._passes[block.case]
        attempt = _Pass(series.effects[0], series.nulls[0], block.disturbed_by)
        passes[block.pass_index] = better_attempt(passes.get(block.pass_index), attempt)
        if block.pass_index <= max(PILOT_PASSES):
            self._pilot[block.case].append(block)
        canary = canary_of(block)
        if canary is not None:
            self.canaries.append(canary)
        self._recent.append(bool(block.disturbed_by))
        self._blocks += 1
        if block.attempt > 0:
            self._repeats += 1
            self._waiting = max(0, self._waiting - 1)

    def add_start(self, start: Start) -> None:
        """Take note of how long a worker took to start."""
        self._starts.append(start)

    def add_cost(self, cost: Cost) -> None:
        """Take note that the costs of a case were measured in a pass."""
        self._costs.add((cost.case, cost.pass_index))

    def is_measured(self, case: str, pass_index: int) -> bool:
        """Whether a case has its block of a pass."""
        return pass_index in self._passes[case]

    def is_costed(self, case: str, pass_index: int) -> bool:
        """Whether the costs of a case were measured in a pass."""
        return (case, pass_index) in self._costs

    def grant_repeat(self) -> bool:
        """Whether a disturbed block may be repeated; it then waits for the end of its pass."""
        is_usual = 2 * sum(self._recent) > len(self._recent)  # then another attempt would be disturbed as well
        allowed = self._options.repeat_share * max(FEW_BLOCKS, self._blocks)
        if is_usual or self._repeats + self._waiting >= allowed:
            return False
        self._waiting += 1
        return True

    def judge(self) -> dict[str, Verdict]:
        """Look at all cases; returns those decided anew."""
        found = decided({case: self._series(case) for case in self._passes}, self._rule)
        news = {case: verdict for case, verdict in found.items() if case not in self.decided}
        self.decided |= news
        return news

    def standing(self, case: str) -> CaseProgress:
        """How one case stands. Looks at it alone, so that it costs little enough to be asked after every block."""
        series = self._series(case)
        passes = len(series.effects)
        look = next((at for at, least in enumerate(self._rule.looks) if passes <= least), len(self._rule.looks) - 1)
        evidence = Evidence(series, self._rule, self._rule.error * self._rule.share(look, is_last=False))
        return CaseProgress(case, passes, evidence.effect, evidence.noise_floor)

    def _series(self, case: str) -> Series:
        passes = self._passes[case]
        undisturbed = counted([passes[index] for index in sorted(passes)])
        return Series(tuple(found.effect for found in undisturbed), tuple(found.null for found in undisturbed))

    def left(self, cases: Collection[str]) -> int:
        """How many blocks `cases` still need at most."""
        return sum(
            self._options.passes - len([index for index in self._passes[case] if index < self._options.passes])
            for case in cases
            if case not in self.decided
        )

    @property
    def blocks(self) -> int:
        """How many blocks there are, repeated ones included."""
        return self._blocks

    def designs(self, team: Team, cases: Collection[str], *, pass_index: int) -> dict[str, Design]:
        """The design of a pass's blocks for all open cases of a team."""
        if self._options.sets is not None:
            return dict.fromkeys(cases, Design(self._options.sets, self._options.rounds))
        starts = [start for start in self._starts if start.team == team]
        pilots = {case: counted(self._pilot[case]) for case in cases}
        return choose_designs(pilots, starts, pass_index=pass_index, rounds=self._options.rounds)
