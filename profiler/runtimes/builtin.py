"""The table of built-in runtimes."""

from profiler.runtimes.info import RuntimeInfo

_ONNX, _TORCHSCRIPT, _ARRAYS = "onnx", "torchscript", "arrays"

RUNTIMES = (
    RuntimeInfo(
        "onnxruntime", "profiler.runtimes.onnxruntime:OnnxRuntime", _ONNX, "onnxruntime", None,
        "ONNX Runtime as deployed: all graph optimisations, weights packed at load", is_default=True,
    ),
    RuntimeInfo(
        "onnxruntime-unpacked", "profiler.runtimes.onnxruntime:UnpackedOnnxRuntime", _ONNX, "onnxruntime", None,
        "ONNX Runtime with session.disable_prepacking: the kernels read the stored layout", is_default=True,
        copies_per_model=2,  # seen: its arena grows by powers of two, and what it gets may be dirty
    ),
    RuntimeInfo(
        "torchscript", "profiler.runtimes.torchscript:TorchScriptRuntime", _TORCHSCRIPT, "torch", "torch",
        "TorchScript, traced and frozen", is_default=True,
    ),
    RuntimeInfo(
        "numpy", "profiler.runtimes.numpy:NumpyRuntime", _ARRAYS, "numpy", None,
        "x @ W.T and x @ W through numpy's BLAS", is_default=True,
    ),
    RuntimeInfo(
        "onnxruntime-disabled", "profiler.runtimes.onnxruntime:DisabledOnnxRuntime", _ONNX, "onnxruntime", None,
        "ONNX Runtime without graph optimisations (ORT_DISABLE_ALL)",
    ),
    RuntimeInfo(
        "onnxruntime-basic", "profiler.runtimes.onnxruntime:BasicOnnxRuntime", _ONNX, "onnxruntime", None,
        "ONNX Runtime with basic graph optimisations: constants folded, MatMul + Add made Gemm",
    ),
    RuntimeInfo(
        "onnxruntime-extended", "profiler.runtimes.onnxruntime:ExtendedOnnxRuntime", _ONNX, "onnxruntime", None,
        "ONNX Runtime with extended graph optimisations: activations fused as well",
    ),
    RuntimeInfo(
        "torchscript-optimized", "profiler.runtimes.torchscript:OptimizedTorchScriptRuntime", _TORCHSCRIPT, "torch",
        "torch", "torch.jit.optimize_for_inference, which copies every weight to [in, out]", copies_per_model=2,
    ),
    RuntimeInfo(
        "eager", "profiler.runtimes.eager:EagerRuntime", _ARRAYS, "torch", "torch",
        "eager torch as people write it: F.linear(x, W, b) over [out, in], x @ W + b over [in, out]",
    ),
    RuntimeInfo(
        "eager-linear", "profiler.runtimes.eager:EagerLinearRuntime", _ARRAYS, "torch", "torch",
        "eager torch, F.linear for both: an [in, out] matrix is viewed as [out, in], so only strides differ",
    ),
    RuntimeInfo(
        "eager-view", "profiler.runtimes.eager:EagerViewRuntime", _ARRAYS, "torch", "torch",
        "eager torch, x @ W.T over [out, in] bytes for both: the view made at every call, or once at load",
    ),
    RuntimeInfo(
        "train-forward", "profiler.runtimes.training:ForwardRuntime", _ARRAYS, "torch", "torch",
        "eager torch, the forward pass of a training step: addmm over both layouts, and the graph for autograd",
    ),
    RuntimeInfo(
        "train-backward", "profiler.runtimes.training:BackwardRuntime", _ARRAYS, "torch", "torch",
        "eager torch, the backward pass of a training step: gradients of input, weights and biases",
        copies_per_model=2,
    ),
    RuntimeInfo(
        "train-step", "profiler.runtimes.training:StepRuntime", _ARRAYS, "torch", "torch",
        "eager torch, forward and backward pass of a training step, without the optimiser", copies_per_model=2,
    ),
    RuntimeInfo(
        "reference-dot", "profiler.runtimes.reference:DotRuntime", _ARRAYS, "numba", "kernels",
        "naive loops in dot-product order: for out: for in", max_threads=1,
    ),
    RuntimeInfo(
        "reference-row", "profiler.runtimes.reference:RowRuntime", _ARRAYS, "numba", "kernels",
        "naive loops in row order: for in: for out", max_threads=1,
    ),
    RuntimeInfo(
        "reference-blocked", "profiler.runtimes.reference:BlockedRuntime", _ARRAYS, "numba", "kernels",
        "the same in tiles that fit a cache: either layout is read once, line by line", max_threads=1,
    ),
)  # fmt: skip
DEFAULT_RUNTIMES = tuple(info for info in RUNTIMES if info.is_default)
SCRIPTED = RuntimeInfo(
    "scripted", "profiler.runtimes.scripted:ScriptedRuntime", _ARRAYS, "numpy", None,
    "a fake with invented times, for tests",
)  # fmt: skip
BUILT_IN = {info.name: info for info in (*RUNTIMES, SCRIPTED)}
