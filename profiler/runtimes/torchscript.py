"""TorchScript on the CPU: traced and frozen at export, loaded as it is."""

import functools
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from models.layout import WeightLayout
from models.workload import Workload
from profiler.hardware.surroundings import look_around
from profiler.proof.torchscript import load_module, stored_model
from profiler.records import Executed, ExecutedLayout


class TorchScriptRuntime:
    """The TorchScript interpreter inside torch."""

    def __init__(self) -> None:
        self.clock = time.perf_counter_ns
        self.surroundings = look_around
        # For the whole process, which does nothing else: as deployed, without autograd's bookkeeping
        self.inference_mode = torch.inference_mode()
        self.inference_mode.__enter__()

    def load(self, path: Path, workload: Workload, *, threads: int) -> "TorchScriptModel":  # noqa: ARG002
        """Load the module.

        Raises:
            ArtifactError: it is damaged, or calls an operator no Linear network needs.
        """
        torch.set_num_threads(threads)
        return TorchScriptModel(load_module(path), path)

    def load_identity(self, path: Path | None, workload: Workload, *, threads: int) -> "TorchScriptModel":
        """Load the identity module."""
        assert path is not None
        return self.load(path, workload, threads=threads)


class TorchScriptModel:
    """One loaded module."""

    def __init__(self, module: torch.jit.ScriptModule, path: Path) -> None:
        self._module = module
        self._path = path

    def answer(self, x: np.ndarray) -> np.ndarray:
        """`[..., in_features] -> [..., out_features]`."""
        return np.asarray(self._module(torch.from_numpy(x)).numpy())

    def bind(self, x: np.ndarray) -> Callable[[], object]:
        """A direct call of `forward`: the hooks around it are Python's, and absent where C++ deploys."""
        return functools.partial(self._module.forward, torch.from_numpy(x))

    def executed(self) -> Executed:
        """The constants of the loaded graph and their strides: that is what the kernels are handed."""
        stored = stored_model(self._module, where=str(self._path))
        layouts = [layout for layout in WeightLayout if stored.layers and stored.is_stored_as(layout)]
        return Executed(
            layout=ExecutedLayout(layouts[0].value) if len(layouts) == 1 else ExecutedLayout.UNKNOWN,
            operator=", ".join(dict.fromkeys(layer.operator for layer in stored.layers)),
            known_by="constants of the loaded graph and their strides",
        )
