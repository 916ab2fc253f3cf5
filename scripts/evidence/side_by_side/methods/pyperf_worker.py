"""The script that pyperf starts again for each of its worker processes."""

import itertools
import time
from collections.abc import Callable

import pyperf

from scripts.evidence.side_by_side.pairs import Unit, load_unit, read_request


def main() -> None:
    """Both arms; a worker measures the one it is told to."""
    runner = pyperf.Runner(program_args=("-m", "scripts.evidence.side_by_side.methods.pyperf_worker"))
    for name, is_second in (("first", False), ("second", True)):
        runner.bench_time_func(name, _timer(is_second=is_second))


def _timer(*, is_second: bool) -> Callable[[int], float]:
    """Loads when it is first called, so that only workers load."""
    loaded: list[Unit] = []

    def time_loops(loops: int) -> float:
        if not loaded:
            loaded.append(load_unit(read_request(), is_second=is_second))
        unit = loaded[0]
        begin = time.perf_counter()
        for _ in itertools.repeat(None, loops):
            unit()
        return time.perf_counter() - begin

    return time_loops


if __name__ == "__main__":
    main()
