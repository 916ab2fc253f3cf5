"""TorchScript on the CPU: traced and frozen at export, loaded as it is or optimised for inference."""

import functools
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from profiler.artifacts.stored import StoredModel
from profiler.artifacts.torchscript.prove import load_module, stored_model, stored_nodes
from profiler.base.errors import RefusalError
from profiler.models.layout import WeightLayout
from profiler.models.workload import Workload
from profiler.runtimes.rewriting import changed_operators
from profiler.runtimes.torchbase import TorchRuntime
from profiler.session.records import Executed, ExecutedLayout

_CALLS_UNTIL_OPTIMIZED = 3  # torch's profiling executor re-specialises on the second call (pytorch issue 33354)


class TorchScriptRuntime(TorchRuntime):
    """The TorchScript interpreter inside torch."""

    def load(self, path: Path, workload: Workload, *, threads: int) -> "TorchScriptModel":
        """Load the module.

        Raises:
            ArtifactError: it is damaged, or calls an operator no Linear network needs.
        """
        torch.set_num_threads(threads)
        return TorchScriptModel(load_module(path), path, workload)

    def load_identity(self, path: Path | None, workload: Workload, *, threads: int) -> "TorchScriptModel":
        """Load the identity module."""
        assert path is not None
        return self.load(path, workload, threads=threads)


class OptimizedTorchScriptRuntime(TorchScriptRuntime):
    """`torch.jit.optimize_for_inference` on the loaded module.

    For every constant weight of `aten::linear` it makes a contiguous transposed copy, `[in, out]`, and calls
    `aten::matmul` and `aten::add` (torch/csrc/jit/passes/frozen_linear_transpose.cpp): one layout is left of two.
    """

    def load(self, path: Path, workload: Workload, *, threads: int) -> "TorchScriptModel":
        """Load the module and optimise it.

        Raises:
            ArtifactError: it is damaged, or calls an operator no Linear network needs.
            RefusalError: torch cannot optimise it.
        """
        torch.set_num_threads(threads)
        module = load_module(path)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                module = torch.jit.optimize_for_inference(module)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[:1] or [""]
            raise RefusalError(f"torch.jit.optimize_for_inference refuses {path}: {reason[0]}") from error
        return OptimizedTorchScriptModel(module, path, workload)


class TorchScriptModel:
    """One loaded TorchScript module, as its file has it."""

    def __init__(self, module: torch.jit.ScriptModule, path: Path, workload: Workload) -> None:
        self._module = module
        self._path = path
        self._workload = workload
        self._input_dtype = torch.float32

    def output(self, x: np.ndarray) -> np.ndarray:
        """`[..., in_features] -> [..., out_features]`."""
        given = torch.from_numpy(x)
        self._input_dtype = given.dtype
        return np.asarray(self._module(given).numpy())

    def bind(self, x: np.ndarray) -> Callable[[], object]:
        """A direct call of `forward`: the hooks around it are Python's, and absent where C++ deploys."""
        return functools.partial(self._module.forward, torch.from_numpy(x))

    def executed(self) -> Executed:
        """The constants of the graph that the executor ran last, and their strides: what the kernels are handed."""
        x = torch.zeros(1, self._workload.in_features, dtype=self._input_dtype)
        for _ in range(_CALLS_UNTIL_OPTIMIZED):
            self._module.forward(x)
        nodes = list(_nodes(torch.jit.last_executed_optimized_graph()))  # type: ignore[attr-defined]
        ran = stored_nodes(nodes, where=str(self._path))
        weights = _matrices(nodes)
        opaque = sorted({node.kind() for node in nodes if "mkl" in node.kind().lower()})
        return Executed(
            layout=ExecutedLayout.PACKED if opaque else _layout(ran),
            operator=", ".join(dict.fromkeys([layer.operator for layer in ran.layers] + opaque)),
            known_by="constants of the executed graph and their strides",
            rewritten=_rewritten(self._stored(), ran),
            extra_copies=None if opaque else _extra_copies(weights, _matrices(self._module.inlined_graph.nodes())),
        )

    def _stored(self) -> StoredModel:
        """What the file stores: the module is as it was loaded."""
        return stored_model(self._module, where=str(self._path))


class OptimizedTorchScriptModel(TorchScriptModel):
    """One loaded TorchScript module that `torch.jit.optimize_for_inference` has rewritten."""

    def _stored(self) -> StoredModel:
        """What the file stores, read anew, since the loaded module was rewritten."""
        return stored_model(load_module(self._path), where=str(self._path))


def _layout(ran: StoredModel) -> ExecutedLayout:
    layouts = [layout for layout in WeightLayout if ran.is_stored_as(layout)]
    return ExecutedLayout(layouts[0].value) if len(layouts) == 1 else ExecutedLayout.UNKNOWN


def _nodes(graph: Any) -> Iterator[Any]:
    """The nodes of a graph, those of fused groups included."""
    for node in graph.nodes():
        yield node
        for name in node.attributeNames():
            if node.kindOf(name) == "g":
                yield from _nodes(node.g(name))


def _matrices(nodes: Any) -> dict[int, int]:
    """The constant matrices of a graph: where each lies in memory, and its bytes."""
    found = {}
    for node in nodes:
        value = node.output().toIValue() if node.kind() == "prim::Constant" else None
        if isinstance(value, torch.Tensor) and value.dim() == 2 and value.layout is torch.strided:  # noqa: PLR2004
            found[value.data_ptr()] = value.nbytes
    return found


def _extra_copies(executed: dict[int, int], held: dict[int, int]) -> int:
    """How many copies of the weights a module holds beside those that are executed.

    `optimize_for_inference` leaves the constants in the module whose place its copies have taken.
    """
    idle = sum(size for place, size in held.items() if place not in executed)
    return round(idle / max(1, sum(executed.values())))


def _rewritten(stored: StoredModel, ran: StoredModel) -> str:
    """What torch made of the operators and weights of a file, empty if it left them alone."""
    operators = changed_operators(stored.operators, ran.operators)
    same = [layer.weight_sha256 for layer in stored.layers] == [layer.weight_sha256 for layer in ran.layers]
    return "; ".join(filter(None, (operators, "" if same else "weights copied in the other order")))
