import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from profiler.models.layout import LinearShape, WeightLayout
from profiler.models.linear import Linear

OUT_IN, IN_OUT = WeightLayout.OUT_IN, WeightLayout.IN_OUT
shapes = st.builds(LinearShape, in_features=st.integers(1, 40), out_features=st.integers(1, 40), bias=st.booleans())


@given(shapes, st.sampled_from([(), (10,), (5, 10), (5, 3, 10)]), st.booleans())
@settings(deadline=None, max_examples=50)
def test_both_layouts_compute_what_torch_computes_for_any_leading_dimensions(
    shape: LinearShape, leading: tuple[int, ...], strict_linear: bool
) -> None:
    reference = nn.Linear(shape.in_features, shape.out_features, bias=shape.bias)
    x = torch.randn(*leading, shape.in_features)
    for layout in WeightLayout:
        module = Linear.from_torch(reference, layout)
        module.strict_linear = strict_linear
        torch.testing.assert_close(module(x), reference(x))


@pytest.mark.parametrize("layout", WeightLayout)
def test_the_weight_is_contiguous_in_the_shape_its_layout_names(layout: WeightLayout) -> None:
    module = Linear(LinearShape(in_features=4, out_features=7), layout)
    assert tuple(module.weight.shape) == ((7, 4) if layout is OUT_IN else (4, 7))
    assert module.weight.is_contiguous()


def test_the_same_random_state_gives_both_layouts_the_same_values_as_torch() -> None:
    shape = LinearShape(in_features=30, out_features=50)
    torch.manual_seed(3)
    reference = nn.Linear(30, 50)
    for layout in WeightLayout:
        torch.manual_seed(3)
        module = Linear(shape, layout)
        assert torch.equal(module.out_in_weight(), reference.weight)
        assert module.bias is not None
        assert torch.equal(module.bias, reference.bias)


@pytest.mark.parametrize("layout", WeightLayout)
def test_initial_weights_fill_the_range_that_fan_in_sets_and_not_the_one_of_fan_out(layout: WeightLayout) -> None:
    shape = LinearShape(in_features=400, out_features=25)
    weight = Linear(shape, layout).weight
    bound = 1 / math.sqrt(shape.in_features)
    assert weight.abs().max() <= bound
    assert weight.abs().max() > 0.99 * bound
    assert abs(weight.std().item() / (bound / math.sqrt(3)) - 1) < 0.05


def test_a_naive_in_out_parameter_would_be_drawn_from_another_distribution() -> None:
    naive = torch.empty(400, 25)
    nn.init.kaiming_uniform_(naive, a=math.sqrt(5))
    assert naive.abs().max() > 3 / math.sqrt(400)


@pytest.mark.parametrize("layout", WeightLayout)
def test_initializers_see_out_in_whatever_is_stored(layout: WeightLayout) -> None:
    module = Linear(LinearShape(in_features=6, out_features=2), layout)
    seen: list[tuple[int, ...]] = []

    def initialize(weight: torch.Tensor) -> None:
        seen.append(tuple(weight.shape))
        nn.init.eye_(weight)

    module.initialize_weight(initialize)
    assert seen == [(2, 6)]
    assert torch.equal(module.out_in_weight(), torch.eye(2, 6))


@given(shapes)
@settings(deadline=None, max_examples=25)
def test_conversions_there_and_back_change_no_value(shape: LinearShape) -> None:
    for layout in WeightLayout:
        module = Linear(shape, layout)
        kernel, bias = module.to_keras()
        assert kernel.shape == (shape.in_features, shape.out_features)
        assert kernel.flags.c_contiguous
        for back in (
            module.with_layout(layout.other).with_layout(layout),
            Linear.from_torch(module.to_torch(), layout),
            Linear.from_keras(kernel, bias, layout),
        ):
            assert back.layout is layout
            assert torch.equal(back.weight, module.weight)
            assert (back.bias is None) == (module.bias is None)
            assert back.bias is None or torch.equal(back.bias, module.bias)  # type: ignore[arg-type]


def test_conversions_draw_nothing_from_the_random_state() -> None:
    module = Linear(LinearShape(in_features=3, out_features=2), IN_OUT)
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    module.with_layout(OUT_IN)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize(
    ("kernel", "bias"),
    [
        (np.zeros(3, np.float32), None),
        (np.zeros((3, 2), np.float32), np.zeros(3, np.float32)),
        (np.zeros((3, 2), np.float64), None),
    ],
)
def test_kernels_that_are_none_are_refused(kernel: np.ndarray, bias: np.ndarray | None) -> None:
    with pytest.raises(ValueError, match=r"kernel"):
        Linear.from_keras(kernel, bias, OUT_IN)


def test_state_dicts_keep_the_layout() -> None:
    module = Linear(LinearShape(in_features=3, out_features=5), IN_OUT)
    other = Linear(LinearShape(in_features=3, out_features=5), IN_OUT)
    other.load_state_dict(module.state_dict())
    assert torch.equal(other.weight, module.weight)
    assert "layout=in_out" in repr(module)
