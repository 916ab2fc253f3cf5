"""Training steps as runtimes: the same gradients from either layout, and a call that really makes them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from profiler.artifacts.bundle import open_bundle
from profiler.models.layout import WeightLayout
from profiler.runtimes import Runtime

MakeRuntime = Callable[[str], Runtime]


@pytest.mark.parametrize("name", ["relu-net", "linear-90x65", "linear-40x24-nobias"])
@pytest.mark.parametrize("batch", [(7,), (2, 3)])
def test_both_layouts_give_the_same_gradients_each_in_its_own_shape(
    ranks: Path, make_runtime: MakeRuntime, name: str, batch: tuple[int, ...]
) -> None:
    runtime = make_runtime("train-step")
    item = next(item for item in open_bundle(ranks).manifest.workloads if item.name == name)
    x = np.random.default_rng(0).standard_normal((*batch, item.in_features), dtype=np.float32)
    found = {}
    for layout in WeightLayout:
        model = runtime.load(ranks / name / f"arrays-controlled-{layout}.npz", item, threads=1)
        found[layout] = model.gradients(x)  # type: ignore[attr-defined]
    pairs = list(zip(found[WeightLayout.OUT_IN], found[WeightLayout.IN_OUT], strict=True))
    assert len(pairs) == 1 + sum(1 + layer.bias for layer in item.layers)
    assert np.allclose(*pairs[0], atol=1e-5)
    for out_in, in_out in pairs[1:]:
        assert np.allclose(out_in, in_out.T, atol=1e-5)


@pytest.mark.parametrize("layout", WeightLayout)
def test_each_call_does_what_its_name_says(ranks: Path, make_runtime: MakeRuntime, layout: WeightLayout) -> None:
    item = next(item for item in open_bundle(ranks).manifest.workloads if item.name == "linear-90x65")
    path = ranks / item.name / f"arrays-controlled-{layout}.npz"
    x = np.ones((3, 90), np.float32)
    calls = {
        name: make_runtime(name).load(path, item, threads=1).bind(x)
        for name in ("train-forward", "train-backward", "train-step")
    }
    y = calls["train-forward"]()
    assert y.grad_fn is not None  # type: ignore[attr-defined]
    for name in ("train-backward", "train-step"):
        for _ in range(2):  # the graph is kept, or made anew
            gradients = calls[name]()
            assert [tuple(g.shape) for g in gradients] == [(3, 90), item.layers[0].weight_dims(layout), (65,)]  # type: ignore[attr-defined]
