"""The four arms of a set: each layout is loaded twice, so that two copies of one layout show what is noise."""

from typing import NamedTuple

from profiler.models.layout import WeightLayout


class Arm(NamedTuple):
    """One loaded copy of one layout; `copy` is 1 or 2."""

    layout: WeightLayout
    copy: int


COPIES = (1, 2)
ARMS = tuple(Arm(layout, copy) for layout in WeightLayout for copy in COPIES)
ARMS_AT_ONCE = (len(ARMS), len(WeightLayout))  # how many may be loaded together: all, or a pair of both layouts


def arms_of(layout: WeightLayout) -> tuple[Arm, ...]:
    """The two arms that are copies of a layout."""
    return tuple(Arm(layout, copy) for copy in COPIES)
