"""A fake runtime: right outputs, invented times. It lets the whole pipeline be tested without a stopwatch.

What it does is read from the environment variable `LAYOUT_PROFILER_SCRIPT`, a JSON object of `Script`'s fields.
"""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from profiler.machine.surroundings import Surroundings
from profiler.models.workload import Workload
from profiler.runtimes.numpy import NumpyIdentity, NumpyModel, NumpyRuntime
from profiler.session.records import Executed

VARIABLE = "LAYOUT_PROFILER_SCRIPT"


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The times that calls shall take, and the misfortunes that shall befall them.

    A call takes `base_ns`, times `in_out_factor` for files stored that way, times log-normal noise with the given
    standard deviations: one draw per process, one per loaded copy, one per call. Loading a file whose path contains
    `die_on` raises `signal` in the worker; every load sleeps `load_s` for real. The identity model takes
    `identity_ns`. The surroundings are quiet, but for a share `disturbed` of all looks, which see swapping.
    """

    base_ns: float = 100_000
    in_out_factor: float = 1.0
    pass_sd: float = 0.0
    placement_sd: float = 0.0
    call_sd: float = 0.0
    die_on: str | None = None
    signal: int = signal.SIGKILL
    load_s: float = 0.0
    identity_ns: float = 1000
    disturbed: float = 0.0


class ScriptedRuntime:
    """A runtime whose time passes only while a model is called."""

    def __init__(self) -> None:
        self.script = msgspec.json.decode(os.environ.get(VARIABLE, "{}"), type=Script)
        self.now_ns = 0.0
        self.random = random.Random()
        self.swapped = 0
        self.process_factor = self.noise(self.script.pass_sd)

    def clock(self) -> int:
        """The invented time in nanoseconds."""
        return round(self.now_ns)

    def surroundings(self) -> Surroundings:
        """Surroundings in which nothing happens, unless the script wants it."""
        self.swapped += self.random.random() < self.script.disturbed
        return Surroundings(
            at_s=self.now_ns * 1e-9,
            cpu_s=self.now_ns * 1e-9,
            busy_s=self.now_ns * 1e-9,
            swapped_pages=self.swapped,
            canary_s=1e-5,
        )

    def load_identity(self, path: Path | None, workload: Workload, *, threads: int) -> "ScriptedModel":  # noqa: ARG002
        """The identity model, a copy with its own invented time."""
        return ScriptedModel(self, NumpyIdentity(workload), self.script.identity_ns)

    def noise(self, deviation: float) -> float:
        """One draw of a log-normal factor with that standard deviation of its logarithm."""
        return self.random.lognormvariate(0, deviation) if deviation else 1.0

    def load(self, path: Path, workload: Workload, *, threads: int) -> "ScriptedModel":
        """Read the arrays by numpy, or die where the script wants it."""
        if self.script.die_on is not None and self.script.die_on in str(path):
            os.kill(os.getpid(), self.script.signal)
        time.sleep(self.script.load_s)
        factor = self.script.in_out_factor if "in_out" in path.name else 1.0
        call_ns = self.script.base_ns * factor * self.process_factor * self.noise(self.script.placement_sd)
        return ScriptedModel(self, NumpyRuntime().load(path, workload, threads=threads), call_ns)


class ScriptedModel:
    """One loaded copy with its own invented time per call."""

    def __init__(self, runtime: ScriptedRuntime, model: NumpyModel | NumpyIdentity, call_ns: float) -> None:
        self._runtime = runtime
        self._model = model
        self._call_ns = call_ns

    def output(self, x: np.ndarray) -> np.ndarray:
        """The output as numpy computes it, `[..., in_features] -> [..., out_features]`."""
        return self._model.output(x)

    def bind(self, x: np.ndarray) -> Callable[[], object]:  # noqa: ARG002 - the protocol's
        """A call that lets the invented time pass."""
        runtime, call_ns = self._runtime, self._call_ns

        def call() -> None:
            runtime.now_ns += call_ns * runtime.noise(runtime.script.call_sd)

        return call

    def executed(self) -> Executed:
        """What numpy executes, which computes the outputs."""
        return self._model.executed()
