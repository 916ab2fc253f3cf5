"""The script that holds the reference kernels against C. Its times are never asserted; what it compares is."""

import ctypes
import platform
import shutil
from pathlib import Path

import numpy as np
import pytest

from profiler.machine.records import CacheInfo
from scripts.evidence import reference_kernels as script


def cache(level: int, *, sets: int, ways: int) -> CacheInfo:
    return CacheInfo(
        level=level, type="data", size_bytes=sets * ways * 64, line_size_bytes=64, ways_of_associativity=ways,
        number_of_sets=sets, shared_cpus=(), instances=1, source="a test",
    )  # fmt: skip


def test_the_lines_of_a_column_share_sets_where_a_row_is_a_power_of_two() -> None:
    caches = [cache(1, sets=64, ways=12), cache(2, sets=2048, ways=16)]
    places = {size: script.column_place(caches, size) for size in (64, 128, 512, 528, 1024, 1040, 100_000)}
    assert places == {64: "L1", 128: "L2", 512: "L2", 528: "L1", 1024: "memory", 1040: "L2", 100_000: "memory"}
    assert script.column_place([], 64) == "memory"


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
def test_both_compilers_compute_the_same(tmp_path: Path) -> None:
    """The same bits on x86-64, where `gcc -O2` fuses no multiplication with an addition; elsewhere it may."""
    kernels = script.compile_all(tmp_path)
    generator = np.random.default_rng(0)
    rows, size = 3, 65
    x, w, b = (generator.standard_normal(shape, dtype=np.float32) for shape in ((rows, size), (size, size), (size,)))
    for loop in script.NAIVE:
        ours, theirs = (np.full((rows, size), np.nan, np.float32) for _ in range(2))
        kernels.ours[loop.__name__](x, w, b, ours)
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in (x, w, b, theirs)]
        kernels.theirs[loop.__name__](*pointers, *(ctypes.c_long(count) for count in (rows, size, size)))
        if platform.machine() == "x86_64":
            assert np.array_equal(ours, theirs), loop.__name__
        assert np.allclose(ours, theirs, rtol=1e-4, atol=1e-4), loop.__name__


def test_every_kernel_is_called_on_the_same_arrays_by_both(tmp_path: Path) -> None:
    names = {loop.__name__ for loop in (*script.NAIVE, *script.BLOCKED)}
    kernels = script.Kernels(
        ours={name: lambda x, w, b, y: None for name in ("nothing", *names)},
        theirs={name: lambda *_: None for name in ("nothing", *(loop.__name__ for loop in script.NAIVE))},
    )
    times = script.measure(kernels, 8, 1, 1)
    assert set(times) == {("numba", name) for name in kernels.ours} | {("C", name) for name in kernels.theirs}
    assert min(times.values()) > 0
