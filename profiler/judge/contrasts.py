"""The contrasts that the arms of a set are judged by: sums of the logs of their times, with a coefficient for each arm.

The **effect** is the log speedup of transposed storage: above 0 it pays. The **null** holds the copies of each layout
against each other: 0 but for noise. If the layouts are equal both have the same variance, so that every run carries its
own control.

Where memory was short, the arms were loaded and timed in two pairs, the first copies of both layouts and then the
second. The effect is the mean of what both pairs show, and the null is half their difference: it has the effect's
variance then too, whatever the layouts cost, and what changed between the pairs is in neither of them.
"""

from collections.abc import Mapping

from profiler.models.layout import WeightLayout
from profiler.session.arms import Arm, arms_of

Contrast = Mapping[Arm, float]

_O1, _O2 = arms_of(WeightLayout.OUT_IN)
_I1, _I2 = arms_of(WeightLayout.IN_OUT)
EFFECT: Contrast = {_I1: 0.5, _I2: 0.5, _O1: -0.5, _O2: -0.5}
NULL: Contrast = {_O1: 0.5, _O2: -0.5, _I1: 0.5, _I2: -0.5}
NULL_IN_PAIRS: Contrast = {_I1: 0.5, _O1: -0.5, _I2: -0.5, _O2: 0.5}


def contrast_of(logs: Mapping[Arm, float], contrast: Contrast) -> float:
    """The contrast of one set, from a log time of each arm."""
    total = 0.0  # no sum(): from Python 3.12 on it rounds otherwise, and a session shall read the same everywhere
    for arm, coefficient in contrast.items():
        total += coefficient * logs[arm]
    return total
