"""The small protocol behind which every runtime lives."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from profiler.machine.surroundings import Surroundings
from profiler.models.workload import Workload
from profiler.session.records import Executed

if TYPE_CHECKING:
    import numpy as np


class LoadedModel(Protocol):
    """One loaded copy of one artifact."""

    def output(self, x: "np.ndarray") -> "np.ndarray":
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
    What is done once in a process's life, such as compiling, belongs in the constructor: loading is timed.
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
