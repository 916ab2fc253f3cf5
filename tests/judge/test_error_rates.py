"""Suites with a known truth and heavy tails: how often verdicts are wrong. scripts/evidence/simulate.py does more."""

import math

import numpy as np
import pytest
import scipy.stats

from profiler.judge.records import Verdict
from profiler.judge.statistics import t_p_value
from profiler.judge.verdicts import Rule, Series, judge

pytestmark = pytest.mark.no_cover  # thousands of judgements: tracing them takes five times as long as they do

RULE = Rule()
SUITES, CASES, PASSES = 100, 40, RULE.looks[-1]
ALLOWED = int(scipy.stats.binom.ppf(0.999, SUITES, RULE.error))  # a rate of 5 % gives more once in 1000 times
TRUTHS = {"equal": 0.0, "margin": RULE.bound, "lost margin": -RULE.bound}


def draw(truth: float, generator: np.random.Generator) -> dict[str, Series]:
    """A suite: every case with a spread of its own, every pass with tails as heavy as those of placement."""
    spreads = np.clip(generator.lognormal(math.log(0.01), 0.8, (2, CASES, 1)), 0.001, 0.08)
    spreads[1] = spreads[0]
    noise = spreads * generator.standard_t(3, (2, CASES, PASSES)) / math.sqrt(3)
    return {
        str(at): Series(tuple((truth + noise[0, at]).tolist()), tuple(noise[1, at].tolist())) for at in range(CASES)
    }


@pytest.mark.parametrize("name", TRUTHS)
def test_false_alarms_of_a_suite_and_coverage_are_as_promised(name: str) -> None:
    truth = TRUTHS[name]
    generator = np.random.default_rng([list(TRUTHS).index(name), 2026])
    suites = covered = naive = 0
    for _ in range(SUITES):
        cases = draw(truth, generator)
        found = judge(cases, RULE)
        suites += any(judgement.verdict in (Verdict.PAYS_OFF, Verdict.COSTS) for judgement in found.values())
        for judgement in found.values():
            effect = judgement.evidence.effect
            assert effect is not None
            covered += effect.low <= truth <= effect.high
        naive += any(
            t_p_value([math.copysign(1, truth) * value for value in series.effects[:look]], RULE.bound)
            <= RULE.error / 2
            for series in cases.values()
            for look in RULE.looks
        )
    assert suites <= ALLOWED
    assert covered / (SUITES * CASES) >= 0.94
    if truth:
        assert naive > SUITES / 2  # what looks and cases would cost without a correction: the test has teeth


def test_differences_well_beyond_the_margin_are_found_in_the_right_direction() -> None:
    truth = math.log(1.1)
    generator = np.random.default_rng(7)
    verdicts = [judgement.verdict for _ in range(20) for judgement in judge(draw(truth, generator), RULE).values()]
    assert verdicts.count(Verdict.PAYS_OFF) > 0.7 * len(verdicts)
    assert not {Verdict.COSTS, Verdict.EQUAL} & set(verdicts)
