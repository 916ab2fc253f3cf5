#!/usr/bin/env python3
"""Simulates whole suites with a known truth and counts how often the verdicts are wrong.

Usage: .venv/bin/python scripts/evidence/simulate.py [SUITES] [SEED]

Every suite has 40 cases of up to 32 passes. A pass draws what real ones show, for each of its four arms: where it was
placed (heavy-tailed), what the process does to each layout, a spike in some passes, slices with spikes of their own
around a drift, of which the median is taken; then the very rule of the reports decides. Printed per scenario, each
with its exact 95 % interval: suites with any false pays off or costs, intervals that hold the truth, cases decided.
The power is found with the spreads between copies of one layout that `quick` showed on the machine named below.

Last printed 2026-11-22 on a 2-core virtual machine (AMD EPYC), in the README under "How it is proved".
"""

import argparse
import collections
import dataclasses
import math
import sys
import time

import numpy as np

from profiler.judge.records import Verdict
from profiler.judge.statistics import proportion_interval
from profiler.judge.verdicts import Judgement, Rule, Series, judge

CASES, ROUNDS, ARMS = 40, 11, 4
STRUCK_PASSES, STRUCK_SLICES = 0.01, 0.03  # shares with a spike
RULE = Rule()
PASSES = RULE.looks[-1]
MARGIN = RULE.bound
# Deciles of the standard deviation over passes of the null: 64 cases of `quick` on a 2-core VM (AMD EPYC), 2026-11-22
MEASURED = (0.0010, 0.0023, 0.0026, 0.0031, 0.0040, 0.0051, 0.0062, 0.0078, 0.0119, 0.0191, 0.0343)


@dataclasses.dataclass(frozen=True)
class Scenario:
    """The true log ratios that the cases of a suite draw from, and how spreads are drawn."""

    name: str
    truths: tuple[float, ...]
    measured_noise: bool = False
    has_budget: bool = False  # the run is ended by the clock, somewhere between 4 and 31 passes


_MIX = (0.0, 0.0, MARGIN, -MARGIN, math.log(1.1), -math.log(1.1))
SCENARIOS = (
    Scenario("all equal", (0.0,)),
    Scenario("all exactly at the margin", (MARGIN,)),
    Scenario("a mix of 0, +-1 margin, +-10 %", _MIX),
    Scenario("the same mix, ended by a time budget", _MIX, has_budget=True),
    Scenario("all at the margin, ended by a time budget", (MARGIN,), has_budget=True),
    Scenario("all at 1.5 margins", (1.5 * MARGIN,)),
    Scenario("5 % in a quarter, else equal", (math.log(1.05), 0.0, 0.0, 0.0), measured_noise=True),
    Scenario("all equal, measured noise", (0.0,), measured_noise=True),
)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Simulate suites with a known truth.")
    parser.add_argument("suites", type=int, nargs="?", default=2000)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    arguments = parser.parse_args()
    print(f"{arguments.suites} suites of {CASES} cases per scenario, margin {RULE.margin:.0%}, looks {RULE.looks}")
    for scenario in SCENARIOS:
        started = time.monotonic()
        generator = np.random.default_rng([arguments.seed, SCENARIOS.index(scenario)])
        counts: collections.Counter[str] = collections.Counter()
        for _ in range(arguments.suites):
            _suite(scenario, generator, counts)
        _print(scenario, counts)
        print(f"{scenario.name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)


def _suite(scenario: Scenario, generator: np.random.Generator, counts: collections.Counter[str]) -> None:
    truths = generator.permutation(np.resize(np.array(scenario.truths), CASES))
    effects, nulls = draw(truths, _spreads(scenario, generator), generator)
    end = int(generator.integers(RULE.looks[0] // 2, PASSES)) if scenario.has_budget else PASSES
    cases = {str(at): Series(tuple(effects[at, :end]), tuple(nulls[at, :end])) for at in range(CASES)}
    found = judge_as_run(cases)
    false = False
    for at, truth in enumerate(truths):
        judgement = found[str(at)]
        estimate = judgement.evidence.effect
        assert estimate is not None
        differs = judgement.verdict in (Verdict.PAYS_OFF, Verdict.COSTS)
        is_true = abs(truth) > MARGIN + 1e-9 and judgement.verdict is (Verdict.PAYS_OFF if truth > 0 else Verdict.COSTS)
        false |= differs and not is_true
        counts["cases"] += 1
        counts["covered"] += estimate.low <= truth <= estimate.high
        counts["passes"] += judgement.evidence.passes
        counts[judgement.verdict.value] += 1
        if abs(truth) > MARGIN + 1e-9:
            counts["different"] += 1
            counts["found"] += is_true
            counts["false equal"] += judgement.verdict is Verdict.EQUAL
    counts["suites"] += 1
    counts["false suites"] += false


def judge_as_run(cases: dict[str, Series]) -> dict[str, Judgement]:
    """What a report says of a run that would have measured `cases`: one that a look decides gets no more passes."""
    live = judge(cases, RULE, is_over=False)
    stopped = {name for name, found in live.items() if found.verdict is not Verdict.UNDECIDED}
    measured = {name: live[name].evidence.series if name in stopped else series for name, series in cases.items()}
    return judge(measured, RULE, stopped=stopped)


def _spreads(scenario: Scenario, generator: np.random.Generator) -> np.ndarray:
    """The standard deviation of each case's effect over passes."""
    if scenario.measured_noise:
        return np.interp(generator.random(CASES), np.linspace(0, 1, len(MEASURED)), MEASURED)
    return np.clip(generator.lognormal(math.log(0.01), 0.8, CASES), 0.001, 0.08)


def draw(truths: np.ndarray, spreads: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Effects and nulls, `[cases, passes]`, from slice times: noise at every level, heavy tails and spikes included."""
    shape = (CASES, PASSES, ARMS)
    spread = spreads[:, None, None]
    placement = 0.7 * spread * generator.standard_t(3, shape) / math.sqrt(3)
    process = 0.5 * spread[:, :, 0] * generator.standard_normal((CASES, PASSES))  # of one layout against the other
    struck = generator.random(shape) < STRUCK_PASSES
    spike = np.where(struck, generator.exponential(5 * spread, shape), 0.0)
    drift = np.cumsum(generator.normal(0, 0.002, (CASES, PASSES, ROUNDS, 1)), axis=2)
    slices = 2 * spread[..., None] * generator.standard_normal((CASES, PASSES, ROUNDS, ARMS))
    slices += np.where(generator.random(slices.shape) < STRUCK_SLICES, generator.exponential(0.3, slices.shape), 0.0)
    arms = np.median(slices + drift, axis=2) + placement + spike
    out_1, out_2, in_1, in_2 = np.moveaxis(arms, 2, 0)
    return (in_1 + in_2 - out_1 - out_2) / 2 + process + truths[:, None], (out_1 - out_2 + in_1 - in_2) / 2


def _print(scenario: Scenario, counts: collections.Counter[str]) -> None:
    print(f"{scenario.name}:")
    if scenario.name != "all at 1.5 margins":
        print(f"  suites with a false pays off or costs  {_share(counts['false suites'], counts['suites'])}")
    print(f"  intervals that hold the truth          {_share(counts['covered'], counts['cases'])}")
    if counts["different"]:
        print(f"  true differences found                 {_share(counts['found'], counts['different'])}")
        print(f"  true differences called equal          {_share(counts['false equal'], counts['different'])}")
    verdicts = ", ".join(f"{verdict.value} {counts[verdict.value] / counts['cases']:.1%}" for verdict in Verdict)
    print(f"  {verdicts}; {counts['passes'] / counts['cases']:.1f} passes a case")


def _share(count: int, total: int) -> str:
    low, high = proportion_interval(count, total)
    return f"{count / total:6.2%} [{low:.2%}, {high:.2%}] of {total}"


if __name__ == "__main__":
    main()
