"""What is measured: pairs whose true ratio is known exactly, as two callables of the same stored weight."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

CALLS_PER_UNIT = 100  # so that each per cent more work is one whole call more
WARM_UP_CALLS = 3  # as the profiler does: TorchScript specialises in its second call
RUNTIMES = ("numpy", "torchscript")
SIDES = (64, 256, 512)
BATCHES = (1, 8)
PERCENTS = (0, 3, 5, 10)  # how much slower the second arm is; 0 is the identical pair
IDENTICAL_TIMES = 2  # as often as a slower one: false alarms are what matters most
REQUEST_VARIABLE = "SIDE_BY_SIDE_REQUEST"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

Unit = Callable[[], None]


class Pair(msgspec.Struct, frozen=True, order=True):
    """A square layer in a runtime."""

    runtime: str
    side: int
    batch: int

    def __str__(self) -> str:
        return f"{self.runtime} {self.side}x{self.side}, batch {self.batch}"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement, as it is handed to the process that makes it.

    `deadline_s` is a time of the monotonic clock, which all processes of a machine share. `start_s` is what one
    start of the method's own worker process was seen to take; 0 if it has none.
    """

    pair: Pair
    percent: int
    bundle: str
    folder: str
    deadline_s: float
    start_s: float
    seed: int


def all_pairs(runtimes: tuple[str, ...]) -> list[Pair]:
    """Every pair of these runtimes."""
    return [Pair(*parts) for parts in itertools.product(runtimes, SIDES, BATCHES)]


def read_request() -> Request:
    """The request this process was started for."""
    return msgspec.json.decode(os.environ[REQUEST_VARIABLE], type=Request)


def load_unit(request: Request, *, is_second: bool) -> Unit:
    """Load one more copy of the pair's weight, stored as [out, in], and return the unit of work that is timed.

    The callable inside is the one that the profiler itself times. The second arm's unit has `percent` calls more.
    """
    import numpy as np

    from profiler.artifacts.bundle import open_bundle
    from profiler.runtimes import runtime_info

    info = runtime_info(request.pair.runtime)
    bundle = open_bundle(Path(request.bundle))
    (artifact,) = (a for a in bundle.manifest.artifacts if (a.format, a.layout) == (info.format, "out_in"))
    model = info.create().load(bundle.path_of(artifact), bundle.manifest.workloads[0], threads=1)
    x = np.random.default_rng(request.seed).standard_normal((request.pair.batch, request.pair.side), dtype=np.float32)
    call = model.bind(x)
    for _ in range(WARM_UP_CALLS):
        call()
    calls = CALLS_PER_UNIT + (request.percent if is_second else 0)

    def unit() -> None:
        for _ in itertools.repeat(None, calls):
            call()

    return unit


def load_units(request: Request) -> tuple[Unit, Unit]:
    """Both arms, separately loaded."""
    return load_unit(request, is_second=False), load_unit(request, is_second=True)
