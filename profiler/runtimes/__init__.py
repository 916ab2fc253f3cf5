"""Runtimes: one module each behind one small protocol, and the table that names them. Importing this imports none."""

import dataclasses
import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from models.workload import Workload
from profiler.errors import MissingPackageError, OptionError
from profiler.hardware.surroundings import Surroundings
from profiler.records import ArtifactFormat, Executed

if TYPE_CHECKING:
    import numpy as np


class LoadedModel(Protocol):
    """One loaded copy of one artifact."""

    def answer(self, x: "np.ndarray") -> "np.ndarray":
        """The output for `x`, `[..., in_features] -> [..., out_features]`."""
        ...

    def bind(self, x: "np.ndarray") -> Callable[[], object]:
        """A call without arguments that computes the output for `x` once. This is what is timed."""
        ...

    def executed(self) -> Executed:
        """What this copy executes, read from the runtime. The last thing to ask: it may give the copy up."""
        ...


class Runtime(Protocol):
    """An inference engine.

    `clock` gives nanoseconds and `surroundings` what goes on around it; real runtimes take both from the machine.
    """

    clock: Callable[[], int]
    surroundings: Callable[[], Surroundings]

    def load(self, path: Path, workload: Workload, *, threads: int) -> LoadedModel:
        """Load a file that has been proved.

        Raises:
            RefusalError: the runtime does not accept it.
        """
        ...

    def load_identity(self, path: Path | None, workload: Workload, *, threads: int) -> LoadedModel:
        """Load the identity model; `path` is None for formats that need no file for it."""
        ...


@dataclasses.dataclass(frozen=True)
class RuntimeInfo:
    """A line of the table: where the runtime lives, what it reads and what it needs."""

    name: str
    location: str
    format: ArtifactFormat
    package: str
    extra: str | None
    description: str

    @property
    def is_installed(self) -> bool:
        """Whether its package can be found; it is not imported."""
        return importlib.util.find_spec(self.package) is not None

    def require(self) -> None:
        """Raises MissingPackageError with the install line if the package is missing."""
        if not self.is_installed:
            raise MissingPackageError(self.package, extra=self.extra, needed_for=f"the runtime {self.name}")

    def create(self) -> Runtime:
        """Import the engine and set it up. Only ever done in a worker process."""
        self.require()
        module, name = self.location.split(":")
        runtime: Runtime = getattr(importlib.import_module(module), name)()
        return runtime


RUNTIMES = (
    RuntimeInfo(
        "onnxruntime", "profiler.runtimes.onnxruntime:OnnxRuntime", ArtifactFormat.ONNX, "onnxruntime", None,
        "ONNX Runtime as deployed: all graph optimisations, weights packed at load",
    ),
    RuntimeInfo(
        "onnxruntime-unpacked", "profiler.runtimes.onnxruntime:UnpackedOnnxRuntime", ArtifactFormat.ONNX,
        "onnxruntime", None, "ONNX Runtime with session.disable_prepacking: the kernels read the stored layout",
    ),
    RuntimeInfo(
        "torchscript", "profiler.runtimes.torchscript:TorchScriptRuntime", ArtifactFormat.TORCHSCRIPT, "torch",
        "torch", "TorchScript, traced and frozen",
    ),
    RuntimeInfo(
        "numpy", "profiler.runtimes.numpy:NumpyRuntime", ArtifactFormat.ARRAYS, "numpy", None,
        "x @ W.T and x @ W through numpy's BLAS",
    ),
)  # fmt: skip
SCRIPTED = RuntimeInfo(
    "scripted", "profiler.runtimes.scripted:ScriptedRuntime", ArtifactFormat.ARRAYS, "numpy", None,
    "a fake with invented times, for tests",
)  # fmt: skip


def runtime_info(name: str) -> RuntimeInfo:
    """The runtime of that name.

    Raises:
        OptionError: there is none.
    """
    for info in (*RUNTIMES, SCRIPTED):
        if info.name == name:
            return info
    known = ", ".join(info.name for info in RUNTIMES)
    raise OptionError(f"no runtime is called {name[:80]!r}; there are {known}")
