"""What a transposed view allocates, and which exporters and runtimes copy the weight into the other order."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from profiler.artifacts.onnx.prove import prove as prove_onnx
from profiler.artifacts.onnx.write import idiomatic_onnx
from profiler.artifacts.torchscript.write import torchscript
from profiler.claims.transposition import TransposedView
from profiler.models.layout import LinearShape, WeightLayout
from profiler.models.networks import MLP
from profiler.models.workload import linear_workload

SIDE = 512


def look(*, folder: str) -> TransposedView:
    """Whether a transposed view shares memory, what it allocates, and where a copy is made after all."""
    weight = torch.randn(SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    view = weight.T
    return TransposedView(
        matrix_bytes=weight.nbytes,
        shares_storage=view.untyped_storage().data_ptr() == weight.untyped_storage().data_ptr(),
        view_bytes=_allocated(lambda: weight.T),
        contiguous_bytes=_allocated(weight.T.contiguous),
        copies=("contiguous()", *_copies(Path(folder))),
    )


def _allocated(action: Callable[[], torch.Tensor]) -> int:
    """Bytes that torch's CPU allocator handed out meanwhile and has not been given back."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        kept = action()
    del kept
    events: Any = profile.key_averages()
    return sum(max(0, int(event.self_cpu_memory_usage)) for event in events)


def _copies(folder: Path) -> list[str]:
    """Where the stored layout is given up: the ONNX exporter for other ranks, and `optimize_for_inference`."""
    found = []
    shape = LinearShape(in_features=24, out_features=40)
    network = MLP(linear_workload(shape, batch_shapes=((1,),)), WeightLayout.OUT_IN)
    for rank in (1, 2, 3):
        path = folder / f"view-rank{rank}.onnx"
        path.write_bytes(idiomatic_onnx(network, input_rank=rank))
        if not prove_onnx(path).is_stored_as(WeightLayout.OUT_IN):
            found.append(f"torch's ONNX export of inputs of rank {rank}")
    path = folder / "view.pt"
    path.write_bytes(torchscript(network))
    module = torch.jit.optimize_for_inference(torch.jit.load(path))
    constants = [node.output().toIValue() for node in module.graph.nodes() if node.kind() == "prim::Constant"]
    shapes = [tuple(value.shape) for value in constants if isinstance(value, torch.Tensor) and value.dim() == 2]  # noqa: PLR2004
    if shape.weight_dims(WeightLayout.IN_OUT) in shapes:
        found.append("torch.jit.optimize_for_inference")
    found.append("ONNX Runtime, which packs constant weights at load")
    return found
