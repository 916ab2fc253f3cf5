"""Eager torch: what reaches the dispatcher, and where the weights lie."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from profiler.artifacts.bundle import open_bundle
from profiler.models.layout import WeightLayout
from profiler.runtimes import Runtime
from profiler.session.records import ExecutedLayout

MakeRuntime = Callable[[str], Runtime]


@pytest.mark.parametrize(
    ("name", "layout", "shape", "strides"),
    [
        ("eager", WeightLayout.OUT_IN, (65, 90), (90, 1)),
        ("eager", WeightLayout.IN_OUT, (90, 65), (65, 1)),
        ("eager-linear", WeightLayout.OUT_IN, (65, 90), (90, 1)),
        ("eager-linear", WeightLayout.IN_OUT, (65, 90), (1, 65)),  # nn.Linear's shape, the other bytes
    ],
)
def test_only_strides_differ_where_an_in_out_matrix_is_viewed_as_out_in(
    ranks: Path,
    make_runtime: MakeRuntime,
    name: str,
    layout: WeightLayout,
    shape: tuple[int, int],
    strides: tuple[int, int],
) -> None:
    runtime, bundle = make_runtime(name), open_bundle(ranks)
    item = next(item for item in bundle.manifest.workloads if item.name == "linear-90x65")
    model = runtime.load(ranks / item.name / f"arrays-controlled-{layout}.npz", item, threads=1)
    factor = model._layers[0].factor  # type: ignore[attr-defined]
    assert (tuple(factor.shape), factor.stride()) == (shape, strides)
    assert factor.data_ptr() % 64 == 0  # as torch allocates parameters
    assert model.executed().layout is ExecutedLayout(layout.value)


@pytest.mark.parametrize("name", ["eager", "eager-linear"])
def test_a_network_is_executed_as_stored_and_a_vector_counts_as_either(
    ranks: Path, make_runtime: MakeRuntime, name: str
) -> None:
    runtime, bundle = make_runtime(name), open_bundle(ranks)
    for item in bundle.manifest.workloads:
        for layout in WeightLayout:
            model = runtime.load(ranks / item.name / f"arrays-controlled-{layout}.npz", item, threads=1)
            assert model.executed().layout is ExecutedLayout(layout.value), item.name


def test_a_kernel_that_is_handed_a_copy_is_noticed(
    ranks: Path, make_runtime: MakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if torch copied the weight before the product: then nothing is known of the layout it reads."""
    runtime, bundle = make_runtime("eager"), open_bundle(ranks)
    item = next(item for item in bundle.manifest.workloads if item.name == "linear-90x65")
    model = runtime.load(ranks / item.name / "arrays-controlled-in_out.npz", item, threads=1)
    layer = model._layers[0]  # type: ignore[attr-defined]
    monkeypatch.setattr(model, "_forward", lambda x: x @ layer.factor.clone())
    assert model.executed().layout is ExecutedLayout.UNKNOWN


def test_eager_answers_do_not_share_memory_with_the_input(ranks: Path, make_runtime: MakeRuntime) -> None:
    bundle = open_bundle(ranks)
    item = next(item for item in bundle.manifest.workloads if item.name == "linear-12x1")
    x = np.ones((1, 12), np.float32)
    found = make_runtime("eager").load_identity(None, item, threads=1).output(x)
    assert not np.shares_memory(found, x)
