"""From a suite's name or a shape on the command line to workloads."""

from pathlib import Path

from profiler.base.errors import OptionError
from profiler.machine.caches import data_cache_sizes
from profiler.machine.capture import capture_hardware
from profiler.machine.reports import load_hardware
from profiler.models.layout import LinearShape
from profiler.models.suite import load_suite
from profiler.models.workload import Workload, linear_workload

DEFAULT_BATCHES = ((1,), (8,))


def choose_workloads(
    suite: str | None,
    *,
    in_features: int | None,
    out_features: int | None,
    batches: tuple[tuple[int, ...], ...],
    no_bias: bool,
    hardware_file: Path | None,
) -> tuple[str, tuple[Workload, ...]]:
    """The suite's name and workloads.

    Raises:
        OptionError: a suite and a shape were given, or half a shape.
        SuiteError, ShapeError: the suite or the shape makes no sense.
        HardwareError: the board's hardware report cannot be read.
    """
    shape = (in_features, out_features)
    if shape == (None, None):
        if batches or no_bias:
            raise OptionError("--batch and --no-bias describe a layer: give --in-features and --out-features too")
        hardware = capture_hardware() if hardware_file is None else load_hardware(hardware_file)
        chosen = load_suite(suite or "quick")
        return chosen.name, chosen.workloads(data_cache_sizes(hardware.caches))
    if suite is not None:
        raise OptionError(f"give the suite {suite} or --in-features and --out-features, not both")
    if in_features is None or out_features is None:
        raise OptionError("a layer needs both --in-features and --out-features")
    linear = LinearShape(in_features=in_features, out_features=out_features, bias=not no_bias)
    workload = linear_workload(linear, batch_shapes=tuple(dict.fromkeys(batches)) or DEFAULT_BATCHES)
    return workload.name, (workload,)
