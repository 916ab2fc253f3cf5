"""The reference kernels: they add in the order that is written, whatever the compiler, and keep nothing on disk."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from profiler.artifacts.bundle import open_bundle
from profiler.base.errors import RefusalError
from profiler.models.layout import WeightLayout
from profiler.runtimes import Runtime, loops
from profiler.runtimes.reference import LAYER, compile_kernel

MakeRuntime = Callable[[str], Runtime]
ROWS, IN, OUT = 3, 77, 45  # no multiple of a tile or of a vector register
LOOPS = {
    loop.__name__: loop
    for loop in (
        loops.dot_out_in, loops.dot_in_out, loops.row_out_in, loops.row_in_out, loops.blocked_out_in,
        loops.blocked_in_out,
    )
}  # fmt: skip


@pytest.fixture(scope="module")
def compiled() -> dict[str, Any]:
    return {name: compile_kernel(loop, LAYER) for name, loop in LOOPS.items()}


def problem(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    shapes = ((ROWS, IN), (IN, OUT), (OUT,))
    x, w, b = (generator.standard_normal(shape, dtype=np.float32) for shape in shapes)
    return x, w, b


def stored(name: str, w: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(w.T) if name.endswith("out_in") else w


@pytest.mark.parametrize("name", LOOPS)
def test_compiled_sums_are_strictly_sequential_in_float32(compiled: dict[str, Any], name: str) -> None:
    """Bit for bit the sum from the first input to the last: nothing was reordered, fused or kept in float64."""
    x, w, b = problem()
    y = np.full((ROWS, OUT), np.nan, np.float32)
    compiled[name](x, stored(name, w), b, y)
    products = x[:, :, None] * w[None]
    if name.startswith("dot"):
        expected = np.add.accumulate(products, axis=1)[:, -1] + b
    else:
        first = np.broadcast_to(b, (ROWS, 1, OUT))
        expected = np.add.accumulate(np.concatenate([first, products], axis=1), axis=1)[:, -1]
    assert np.array_equal(y, expected)


@pytest.mark.parametrize("name", LOOPS)
def test_the_compiled_kernel_computes_what_the_python_loop_does(compiled: dict[str, Any], name: str) -> None:
    x, w, b = (array[..., :5] for array in problem(1))
    x, w = np.ascontiguousarray(x), np.ascontiguousarray(w[:5])
    b = np.ascontiguousarray(b)
    found, expected = (np.full((ROWS, 5), np.nan, np.float32) for _ in range(2))
    compiled[name](x, stored(name, w), b, found)
    LOOPS[name](x, stored(name, w), b, expected)
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("size", [1, loops.TILE - 1, loops.TILE, loops.TILE + 1])
def test_blocks_at_the_edge_of_a_tile_are_whole(compiled: dict[str, Any], size: int) -> None:
    generator = np.random.default_rng(size)
    x, b = generator.standard_normal((2, size), dtype=np.float32), np.zeros(size, np.float32)
    w = generator.standard_normal((size, size), dtype=np.float32)
    answers = []
    for name in ("row_in_out", "blocked_in_out", "blocked_out_in"):
        answers.append(np.full((2, size), np.nan, np.float32))
        compiled[name](x, stored(name, w), b, answers[-1])
    assert all(np.array_equal(answers[0], other) for other in answers[1:])


@pytest.mark.parametrize("name", ["reference-dot", "reference-row", "reference-blocked"])
def test_everything_is_compiled_before_the_first_load(ranks: Path, make_runtime: MakeRuntime, name: str) -> None:
    runtime, bundle = make_runtime(name), open_bundle(ranks)
    kernels = [*runtime._compiled.values(), runtime._copy]  # type: ignore[attr-defined]
    before = [list(kernel.signatures) for kernel in kernels]
    assert all(len(signatures) == 1 for signatures in before)
    item = next(item for item in bundle.manifest.workloads if item.name == "relu-net")
    for layout in WeightLayout:
        model = runtime.load(ranks / item.name / f"arrays-controlled-{layout}.npz", item, threads=1)
        model.bind(np.ones((2, 3, 16), np.float32)[:, ::2])()  # not contiguous
    assert [list(kernel.signatures) for kernel in kernels] == before
    assert all(not kernel._can_compile for kernel in kernels)
    assert all(kernel._cache.cache_path is None for kernel in kernels)


def test_more_than_one_thread_is_refused_rather_than_ignored(ranks: Path, make_runtime: MakeRuntime) -> None:
    runtime, bundle = make_runtime("reference-dot"), open_bundle(ranks)
    item = next(item for item in bundle.manifest.workloads if item.name == "linear-12x1")
    with pytest.raises(RefusalError, match="one thread, not 2"):
        runtime.load(ranks / item.name / "arrays-controlled-out_in.npz", item, threads=2)
    with pytest.raises(RefusalError, match="--threads 1"):
        runtime.load_identity(None, item, threads=2)
