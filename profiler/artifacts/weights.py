"""The weights of a workload: drawn once, the same for every format, form and layout."""

import copy
import hashlib

import torch

from profiler.base.errors import ExportError
from profiler.models.layout import WeightLayout
from profiler.models.networks import MLP
from profiler.models.number_format import NumberFormat
from profiler.models.weight import Layer, Weight
from profiler.models.workload import Workload


def draw_network(workload: Workload, *, seed: int) -> MLP:
    """The workload's network in `OUT_IN`, its weights drawn as `torch.nn.Linear` draws them."""
    return MLP(workload, WeightLayout.OUT_IN, generator=torch.Generator().manual_seed(derived_seed(workload, seed)))


def derived_seed(workload: Workload, seed: int) -> int:
    """A seed of its own for each workload, so that adding one to a suite does not change the others."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{workload.name}".encode()).digest()[:7], "big")


def in_number_format(network: MLP, dtype: NumberFormat) -> MLP:
    """The network with its values rounded to a number format; itself if they are in it.

    Raises:
        ExportError: values in that format have a meaning by their scales alone, or no array can hold them.
    """
    if dtype.is_integer or dtype.numpy_name is None:
        raise ExportError(f"no weights can be made in {dtype}: they are drawn in formats with an exponent")
    wanted = getattr(torch, dtype.value)
    if all(parameter.dtype is wanted for parameter in network.parameters()):
        return network
    return copy.deepcopy(network).to(wanted)


def out_in_layers(network: MLP, dtype: NumberFormat = NumberFormat.FLOAT32) -> list[Layer]:
    """Each layer's weight as `[out_features, in_features]` and its bias `[out_features]`, as views."""
    return [
        Layer(
            Weight(layer.out_in_weight().numpy(), WeightLayout.OUT_IN, dtype),
            None if layer.bias is None else layer.bias.detach().numpy(),
        )
        for layer in network.linears
    ]
