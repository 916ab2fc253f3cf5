"""The benchmark that pytest runs, a matrix of one cell. Which arm it is comes from the environment."""

import os

from benchmatrix import BenchmarkCase, make_benchmark_test

from scripts.evidence.side_by_side.pairs import load_unit, read_request

test_pair = make_benchmark_test(
    {"unit": load_unit(read_request(), is_second=os.environ["SIDE_BY_SIDE_ARM"] == "second")},
    [BenchmarkCase("pair")],
    metrics=["single_call_latency"],
)
