"""torch.utils.benchmark: `blocked_autorange` for half of the budget per arm, one arm after the other.

`Compare` prints medians, and `Measurement` the quartiles beside them. Neither has a rule for a difference: two arms
are read as different when their quartile ranges are disjoint, and the range of ratios between those is their interval.
"""

import time

import torch
from torch.utils.benchmark import Measurement, Timer

from scripts.evidence.side_by_side.pairs import Request, Unit, load_units
from scripts.evidence.side_by_side.results import Answer, answer


def start(_request: Request) -> None:
    """It has no worker."""


def measure(request: Request) -> list[Answer]:
    """Time both arms."""
    units = load_units(request)
    each_s = (request.deadline_s - time.monotonic()) / 2
    first, second = (_timed(unit, each_s) for unit in units)
    (low_1, high_1), (low_2, high_2) = _quartiles(first), _quartiles(second)
    ratios = (second.median / first.median, low_2 / high_1, high_2 / low_1)
    return [answer("torch.utils.benchmark", is_different=high_1 < low_2 or high_2 < low_1, ratios=ratios)]


def _timed(unit: Unit, seconds: float) -> Measurement:
    return Timer("unit()", globals={"unit": unit}).blocked_autorange(min_run_time=max(0.01, seconds))


def _quartiles(measurement: Measurement) -> tuple[float, float]:
    """What its repr prints as `IQR: ... (low to high)`."""
    low, high = torch.tensor(measurement.times, dtype=torch.float64).quantile(torch.tensor([0.25, 0.75]).double())
    return low.item(), high.item()
