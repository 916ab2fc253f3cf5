"""Weights with scales keep their meaning in either layout; what does not fit together is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.models.layout import WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.weight import Layer, Weight

SIZES = st.integers(1, 7)


@given(
    rows=SIZES, columns=SIZES, layout=st.sampled_from(WeightLayout), axis=st.sampled_from([None, 0, 1]),
    has_zeros=st.booleans(), seed=st.integers(0, 9),
)  # fmt: skip
def test_a_quantised_weight_means_the_same_in_both_layouts(
    rows: int, columns: int, layout: WeightLayout, axis: int | None, has_zeros: bool, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    length = 1 if axis is None else (rows, columns)[axis]
    weight = Weight(
        values=generator.integers(-128, 128, (rows, columns)).astype(np.int8),
        layout=layout,
        dtype=NumberFormat.INT8,
        scales=generator.random(length, np.float32) + np.float32(0.1),
        zero_points=generator.integers(-9, 9, length).astype(np.int8) if has_zeros else None,
        axis=axis,
    )
    other = weight.stored_as(layout.other)
    back = other.stored_as(layout)
    assert (other.out_features, other.in_features) == (weight.out_features, weight.in_features)
    assert (back.values == weight.values).all()
    assert back.axis == axis
    meant, same = (found.real_rows(0, found.out_features) for found in (weight, other))
    assert meant.shape == (weight.out_features, weight.in_features)
    assert (meant == same).all()
    assert (weight.real_rows(1, 3) == meant[1:3]).all()
    by_hand = weight.values.astype(np.float64)
    assert weight.scales is not None
    shape = (-1, 1) if axis == 0 else (1, -1)
    if weight.zero_points is not None:
        by_hand = by_hand - weight.zero_points.astype(np.float64).reshape(shape)
    by_hand = by_hand * weight.scales.astype(np.float64).reshape(shape)
    assert (meant == (by_hand if layout is WeightLayout.OUT_IN else by_hand.T)).all()


def test_a_layer_moves_its_weight_and_keeps_its_bias() -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    layer = Layer(Weight(values, WeightLayout.OUT_IN), np.ones(2, np.float32))
    moved = layer.stored_as(WeightLayout.IN_OUT)
    assert moved.bias is layer.bias
    assert moved.weight.values.flags.c_contiguous
    assert (moved.weight.out_in == values).all()
    assert moved.weight.stored_bytes == 24


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"values": np.zeros(3, np.float32)}, "matrix"),
        ({"values": np.zeros((2, 3))}, "float32 weight are float64"),
        ({"scales": np.ones(1, np.float32)}, "has no scales"),
        ({"values": np.zeros((2, 3), np.int8), "dtype": NumberFormat.INT8}, "needs scales"),
        (
            {
                "values": np.zeros((2, 3), np.int8), "dtype": NumberFormat.INT8, "scales": np.ones(2, np.float32),
                "axis": 1,
            },
            "scales of shape",
        ),
        (
            {
                "values": np.zeros((2, 3), np.int8), "dtype": NumberFormat.INT8, "scales": np.ones(3, np.float32),
                "zero_points": np.zeros(2, np.int8), "axis": 1,
            },
            "zero points of shape",
        ),
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_together_are_refused(changes: dict[str, object], words: str) -> None:
    given_parts: dict[str, object] = {"values": np.zeros((2, 3), np.float32), "layout": WeightLayout.OUT_IN, **changes}
    with pytest.raises(ValueError, match=words):
        Weight(**given_parts)  # type: ignore[arg-type]


def test_every_number_format_has_its_facts() -> None:
    for found in NumberFormat:
        assert found.stored_bytes(3) == -(-3 * found.bits // 8)
        assert found.activations.unit_roundoff is not None
        if found.numpy_name is not None and found is not NumberFormat.INT4:
            assert np.dtype(found.numpy_name).itemsize * 8 == found.bits
        if not found.is_integer and found.numpy_name is not None:
            assert found.unit_roundoff == float(np.finfo(found.numpy_name).eps) / 2
