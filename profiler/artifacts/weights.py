"""The weights of a workload: drawn once, the same for every format, form and layout."""

import hashlib

import numpy as np
import torch

from profiler.models.layout import WeightLayout
from profiler.models.networks import MLP
from profiler.models.workload import Workload

Layer = tuple[np.ndarray, np.ndarray | None]


def draw_network(workload: Workload, *, seed: int) -> MLP:
    """The workload's network in `OUT_IN`, its weights drawn as `torch.nn.Linear` draws them."""
    return MLP(workload, WeightLayout.OUT_IN, generator=torch.Generator().manual_seed(derived_seed(workload, seed)))


def derived_seed(workload: Workload, seed: int) -> int:
    """A seed of its own for each workload, so that adding one to a suite does not change the others."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{workload.name}".encode()).digest()[:7], "big")


def out_in_layers(network: MLP) -> list[Layer]:
    """Each layer's float32 weight as `[out_features, in_features]` and its bias `[out_features]`, as views."""
    return [
        (layer.out_in_weight().numpy(), None if layer.bias is None else layer.bias.detach().numpy())
        for layer in network.linears
    ]


def stored_layers(layers: list[Layer], layout: WeightLayout) -> list[Layer]:
    """The same layers with each weight contiguous in `layout`."""
    return [
        (np.ascontiguousarray(weight if layout is WeightLayout.OUT_IN else weight.T), bias) for weight, bias in layers
    ]
