import pytest
import torch

from profiler.models.layout import WeightLayout
from profiler.models.networks import MLP, iris_net
from profiler.models.workload import Activation, Workload, network_layers


def test_the_iris_net_has_the_shapes_the_two_libraries_give_it() -> None:
    assert [tuple(layer.weight.shape) for layer in iris_net(WeightLayout.OUT_IN).linears] == [(7, 4), (3, 7)]
    assert [tuple(layer.weight.shape) for layer in iris_net(WeightLayout.IN_OUT).linears] == [(4, 7), (7, 3)]


def test_the_iris_net_ends_in_log_probabilities() -> None:
    y = iris_net(WeightLayout.IN_OUT)(torch.randn(5, 3, 4))
    assert y.shape == (5, 3, 3)
    torch.testing.assert_close(y.exp().sum(-1), torch.ones(5, 3))


@pytest.mark.parametrize("strict_linear", [False, True])
def test_a_network_answers_alike_in_both_layouts(strict_linear: bool) -> None:
    workload = Workload(name="net", layers=network_layers((6, 9, 4, 2), bias=False), hidden=Activation.RELU)
    network = MLP(workload, WeightLayout.OUT_IN)
    other = network.with_layout(WeightLayout.IN_OUT, strict_linear=strict_linear)
    x = torch.randn(7, 6)
    torch.testing.assert_close(other(x), network(x))
    assert all(layer.strict_linear is strict_linear for layer in other.linears)
