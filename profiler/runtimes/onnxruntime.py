"""ONNX Runtime on the CPU: as deployed, with weight packing switched off, and at lower graph optimisation levels."""

import functools
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

# From 1.29 on it reports to its maker, by a thread, a database and an identifier of the machine in the user's cache:
# that disturbs what is measured, wears the SD card, and is nobody's business. Read when it is imported
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as errors

from profiler.artifacts.onnx.prove import prove as prove_onnx
from profiler.artifacts.stored import StoredModel
from profiler.base.errors import RefusalError
from profiler.machine.surroundings import look_around
from profiler.models.layout import WeightLayout
from profiler.models.workload import Workload
from profiler.runtimes.rewriting import changed_operators
from profiler.session.records import Executed, ExecutedLayout

_REFUSALS = (errors.Fail, errors.InvalidGraph, errors.InvalidProtobuf, errors.InvalidArgument, errors.NotImplemented)
_ERRORS_ONLY = 3  # ORT_LOGGING_LEVEL_ERROR
_LEVELS = {
    "disabled": onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "basic": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}
MAX_READ_BACK_BYTES = 64_000_000  # a larger optimised graph is not written out just to be looked at


class OnnxRuntime:
    """ONNX Runtime as deployed: all graph optimisations, constant weights packed when a session is created."""

    packs_weights = True
    level = "all"

    def __init__(self) -> None:
        self.clock = time.perf_counter_ns
        self.surroundings = look_around
        self._pool_threads: int | None = None

    def load(self, path: Path, workload: Workload, *, threads: int) -> "OnnxModel":  # noqa: ARG002 - the file says all
        """Create a session.

        Raises:
            RefusalError: ONNX Runtime does not accept the file.
        """
        return OnnxModel(path, functools.partial(self._options, threads), packs=self.packs_weights, level=self.level)

    def load_identity(self, path: Path | None, workload: Workload, *, threads: int) -> "OnnxModel":
        """Create a session of the identity model."""
        assert path is not None
        return self.load(path, workload, threads=threads)

    def _options(self, threads: int) -> Any:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        options.graph_optimization_level = _LEVELS[self.level]
        if threads == 1:
            options.inter_op_num_threads = 1
            # Set even to 1: left alone, ONNX Runtime pins threads to cores, which fails in containers
            options.intra_op_num_threads = 1
        else:
            # One pool for the four sessions of a block: idle pools spin, and would take the cores from the others
            if self._pool_threads is None:
                onnxruntime.set_global_thread_pool_sizes(threads, 1)
                self._pool_threads = threads
            options.use_per_session_threads = False
        if not self.packs_weights:
            options.add_session_config_entry("session.disable_prepacking", "1")
        return options


class UnpackedOnnxRuntime(OnnxRuntime):
    """ONNX Runtime with `session.disable_prepacking`: the path that reads the stored layout."""

    packs_weights = False


class DisabledOnnxRuntime(OnnxRuntime):
    """ONNX Runtime without graph optimisations: the graph as it is stored."""

    level = "disabled"


class BasicOnnxRuntime(OnnxRuntime):
    """ONNX Runtime at its basic level: constants folded, redundant nodes removed, MatMul + Add made Gemm."""

    level = "basic"


class ExtendedOnnxRuntime(OnnxRuntime):
    """ONNX Runtime at its extended level: beside what basic does, activations fused into what goes before them."""

    level = "extended"


class OnnxModel:
    """One session of ONNX Runtime, which holds one copy of a model."""

    def __init__(self, path: Path, options: Callable[[], Any], *, packs: bool, level: str) -> None:
        self._path = path
        self._options = options
        self._packs = packs
        self._level = level
        self._session = _create(path, options())
        self._input = self._session.get_inputs()[0].name
        self._output = self._session.get_outputs()[0].name

    def output(self, x: np.ndarray) -> np.ndarray:
        """`[..., in_features] -> [..., out_features]`."""
        return np.asarray(self._session.run([self._output], {self._input: x})[0])

    def bind(self, x: np.ndarray) -> Callable[[], object]:
        """A call with input and output bound beforehand, so that no time goes into allocating the output."""
        answer = self.output(x)
        binding = self._session.io_binding()
        binding.bind_cpu_input(self._input, x)
        out = onnxruntime.OrtValue.ortvalue_from_shape_and_type(answer.shape, answer.dtype, "cpu")
        binding.bind_ortvalue_output(self._output, out)
        return functools.partial(self._session.run_with_iobinding, binding)

    def executed(self) -> Executed:
        """The graph at this very optimisation level, written out by ONNX Runtime and read back.

        Packing itself cannot be seen from outside: `Gemm` and `MatMul` kernels pack a constant float32 right side
        unless `session.disable_prepacking` is set (onnxruntime/core/providers/cpu/math/gemm.cc and matmul.cc). The
        output of a `Transpose` that is left in the graph is no constant.

        This copy's own session is given up first, since a board may not hold the weights twice: the last thing to ask.
        """
        del self._session
        if self._path.stat().st_size > MAX_READ_BACK_BYTES:
            layout = ExecutedLayout.PACKED if self._packs else ExecutedLayout.UNKNOWN
            return Executed(layout=layout, operator="unknown", known_by="too large to read the optimised graph back")
        stored, left = prove_onnx(self._path), self._read_back()
        keeps_transpose = any(layer.operator.startswith("Transpose") for layer in left.layers)
        if not self._packs:
            packing = "packing switched off"
        elif keeps_transpose:
            packing = "what a Transpose puts out at every call cannot be packed"
        else:
            packing = "ONNX Runtime packs the constant weights of these kernels at load"
        return Executed(
            layout=_layout(left, packed=self._packs and not keeps_transpose),
            operator=", ".join(dict.fromkeys(layer.operator for layer in left.layers)) or ", ".join(left.operators),
            known_by=f"graph optimised at level {self._level} read back; {packing}",
            rewritten=changed_operators(stored.operators, left.operators),
        )

    def _read_back(self) -> StoredModel:
        memory = Path("/dev/shm")  # noqa: S108 - keeps the copy off an SD card; the folder in it is made by tempfile
        with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
            optimized = Path(folder) / "optimized.onnx"
            options = self._options()
            options.optimized_model_filepath = str(optimized)
            _create(self._path, options)
            return prove_onnx(optimized)


def _layout(left: StoredModel, *, packed: bool) -> ExecutedLayout:
    if not left.layers:
        return ExecutedLayout.UNKNOWN
    if packed:
        return ExecutedLayout.PACKED
    layouts = [layout for layout in WeightLayout if left.is_stored_as(layout)]
    return ExecutedLayout(layouts[0].value) if len(layouts) == 1 else ExecutedLayout.UNKNOWN


def _create(path: Path, options: Any) -> Any:
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except _REFUSALS as error:
        raise RefusalError(f"ONNX Runtime refuses {path}: {str(error).splitlines()[0]}") from error
