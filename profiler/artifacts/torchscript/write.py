"""TorchScript: traced, frozen and saved. `torch.jit.optimize_for_inference` is left out: it rewrites the layout."""

import io
import warnings

import torch

from profiler.models.identity import Identity
from profiler.models.networks import MLP
from profiler.models.workload import Workload


def identity_torchscript(workload: Workload) -> bytes:
    """A module without layers: the input, cut off or padded to the size of the output."""
    return _traced(Identity(workload.in_features, workload.out_features), workload.in_features)


def torchscript(network: MLP) -> bytes:
    """The network as a TorchScript file whose constants keep the strides of the stored layout.

    Controlled networks hold `aten::linear` in both layouts, over a contiguous `[out, in]` weight or over the
    transposed view of a contiguous `[in, out]` one. Idiomatic ones hold `aten::matmul` and `aten::add` for `IN_OUT`.
    """
    return _traced(network, network.workload.in_features)


def _traced(module: torch.nn.Module, in_features: int) -> bytes:
    """Traced, frozen, saved."""
    module.eval()
    x = torch.zeros(2, in_features)
    file = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.freeze(torch.jit.trace(module, x)), file)
    return file.getvalue()
