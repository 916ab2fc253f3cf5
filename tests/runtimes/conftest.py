"""What tests of runtimes share: runtimes set up as a worker does it, and a bundle of everything a network can be."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from profiler.artifacts.records import Form
from profiler.models.suite import parse_suite
from profiler.runtimes import Runtime, runtime_info

MakeRuntime = Callable[[str], Runtime]
SUITE = b"""
name = "ranks"
batches = [1, 7, [2, 3, 4], []]
[[network]]
name = "relu-net"
widths = [16, 33, 70, 10]
bias = false
hidden = "relu"
output = "tanh"
[[linear]]
in_features = 40
out_features = 24
bias = false
[[linear]]
in_features = 12
out_features = 1
[[linear]]
in_features = 90
out_features = 65
"""


@pytest.fixture
def make_runtime() -> Iterator[MakeRuntime]:
    """Creates runtimes as a worker does, and ends afterwards what the torch ones set for a whole process."""
    made: list[Runtime] = []

    def make(name: str) -> Runtime:
        made.append(runtime_info(name).create())
        return made[-1]

    yield make
    for runtime in reversed(made):  # each puts back what was set before it
        mode = getattr(runtime, "inference_mode", None)
        if mode is not None:
            mode.__exit__(None, None, None)


@pytest.fixture(scope="session")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of layers with and without bias, a network, and inputs of rank 1, 2 and 4. Not to be changed."""
    from profiler.artifacts.build import export_bundle

    folder = tmp_path_factory.mktemp("ranks") / "bundle"
    export_bundle(parse_suite(SUITE, source="ranks").workloads(), folder, suite="ranks", forms=[Form.CONTROLLED])
    return folder
