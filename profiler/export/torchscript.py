"""TorchScript: traced, frozen and saved. `torch.jit.optimize_for_inference` is left out: it rewrites the layout."""

import io
import warnings

import torch

from models.networks import MLP


def torchscript(network: MLP) -> bytes:
    """The network as a TorchScript file whose constants keep the strides of the stored layout.

    Controlled networks hold `aten::linear` in both layouts, over a contiguous `[out, in]` weight or over the
    transposed view of a contiguous `[in, out]` one. Idiomatic ones hold `aten::matmul` and `aten::add` for `IN_OUT`.
    """
    network.eval()
    x = torch.zeros(2, network.workload.in_features)
    file = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.freeze(torch.jit.trace(network, x)), file)
    return file.getvalue()
