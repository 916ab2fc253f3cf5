"""What the parent tells the child that measures one core type, and what it hears back."""

from profiler.base.record import Record
from profiler.machine.limits.records import CanaryFigures, CoreLimits, TimerFigures


class LimitsJob(Record, frozen=True, kw_only=True):
    """Measure the CPU `cpu` (None: wherever the scheduler puts it), which is of the core type `core`."""

    core: str | None
    cpu: int | None
    use_numba: bool
    buffer_bytes: int
    budget_s: float
    page_bytes: int


class LimitFindings(Record, frozen=True, kw_only=True):
    """What the child process measured of one core type."""

    core: CoreLimits
    timer: TimerFigures
    canary: CanaryFigures
    problems: tuple[str, ...] = ()
