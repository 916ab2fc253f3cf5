"""A module traced, frozen and saved. `torch.jit.optimize_for_inference` is left out: it rewrites the layout."""

import io
import warnings

import torch

from profiler.models.number_format import NumberFormat


def traced(module: torch.nn.Module, in_features: int, *, dtype: NumberFormat) -> bytes:
    """The module as a TorchScript file, for inputs in a number format and of any rank."""
    module.eval()
    x = torch.zeros(2, in_features, dtype=getattr(torch, dtype.value))
    file = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.freeze(torch.jit.trace(module, x)), file)
    return file.getvalue()
