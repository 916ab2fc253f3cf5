"""Networks of Linear layers, every layer in one weight layout."""

import torch
from torch import Tensor, nn

from profiler.models.layout import WeightLayout
from profiler.models.linear import Linear
from profiler.models.workload import Activation, Workload, network_layers


class MLP(nn.Module):
    """The network a `Workload` describes: `[..., in_features] -> [..., out_features]`."""

    def __init__(
        self,
        workload: Workload,
        layout: WeightLayout,
        *,
        strict_linear: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.workload = workload
        self.layout = layout
        self.layers = nn.ModuleList(
            Linear(shape, layout, strict_linear=strict_linear, generator=generator) for shape in workload.layers
        )

    @property
    def linears(self) -> list[Linear]:
        """The Linear layers of the network, input first."""
        return [layer for layer in self.layers if isinstance(layer, Linear)]

    def forward(self, x: Tensor) -> Tensor:
        """`[..., in_features] -> [..., out_features]`."""
        for layer, activation in zip(self.layers, self.workload.activations, strict=True):
            x = _activate(layer(x), activation)
        return x

    def with_layout(self, layout: WeightLayout, *, strict_linear: bool = False) -> "MLP":
        """A copy in `layout` with the same values, bit for bit."""
        with torch.random.fork_rng(devices=[]):
            copy = MLP(self.workload, layout, strict_linear=strict_linear).to(self.linears[0].weight.dtype)
        for own, other in zip(self.linears, copy.linears, strict=True):
            other.load_state_dict(own.with_layout(layout).state_dict())
        return copy


def iris_net(layout: WeightLayout, *, bound: float = 0.10) -> MLP:
    """The 4-7-3 Iris network: tanh between, log-softmax at the end, weights from U(-bound, bound).

    The blog post that made the shapes known draws both weights from U(-0.10, 0.10) and leaves the biases alone.
    """
    workload = Workload(
        name="iris", layers=network_layers((4, 7, 3)), hidden=Activation.TANH, output=Activation.LOG_SOFTMAX
    )
    network = MLP(workload, layout)
    for layer in network.linears:
        layer.initialize_weight(lambda weight: nn.init.uniform_(weight, -bound, bound))
    return network


def _activate(x: Tensor, activation: Activation) -> Tensor:
    if activation is Activation.RELU:
        return torch.relu(x)
    if activation is Activation.TANH:
        return torch.tanh(x)
    if activation is Activation.LOG_SOFTMAX:
        return torch.log_softmax(x, dim=-1)
    return x
