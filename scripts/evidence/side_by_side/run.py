"""The run: bundles are exported and process starts timed beforehand, then every method measures every pair."""

import dataclasses
import itertools
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from scripts.evidence.side_by_side.methods import METHODS
from scripts.evidence.side_by_side.pairs import IDENTICAL_TIMES, ONE_THREAD, PERCENTS, REQUEST_VARIABLE, Pair, Request
from scripts.evidence.side_by_side.results import Answer, Result

OVERRUN_LIMIT = 5  # a method that takes so many budgets is stuck
LEAST_LIMIT_S = 120


class Output(msgspec.Struct, frozen=True):
    """What a method's process writes."""

    answers: tuple[Answer, ...] = ()
    not_driven: str | None = None
    seconds: float = 0.0


@dataclasses.dataclass(frozen=True)
class Run:
    """What to measure, and a folder for files in between."""

    pairs: tuple[Pair, ...]
    budget_s: float
    repeats: int
    seed: int
    folder: Path

    def results(self) -> Iterator[Result]:
        """Measure everything: a repeat at a time, pairs and methods in random order."""
        generator = random.Random(self.seed)
        bundles = {shape: self._export(*shape) for shape in sorted({(pair.side, pair.batch) for pair in self.pairs})}
        starts = self._starts(bundles)
        for _ in range(self.repeats):
            cases = list(itertools.product(self.pairs, PERCENTS)) + [(pair, 0) for pair in self.pairs] * (
                IDENTICAL_TIMES - 1
            )
            for pair, percent in generator.sample(cases, len(cases)):
                for method in generator.sample(list(METHODS), len(METHODS)):
                    yield self._measure(
                        method,
                        Request(
                            pair=pair,
                            percent=percent,
                            bundle=bundles[pair.side, pair.batch],
                            folder="",
                            deadline_s=time.monotonic() + self.budget_s,
                            start_s=starts[method, pair.runtime],
                            seed=generator.getrandbits(31),
                        ),
                    )

    def _export(self, side: int, batch: int) -> str:
        bundle = str(self.folder / f"bundle-{side}-{batch}")
        shape = ["--in-features", str(side), "--out-features", str(side), "--batch", str(batch)]
        formats = ["--format", "arrays", "--format", "torchscript", "--form", "controlled"]
        command = [sys.executable, "-m", "profiler", "export", *shape, *formats, "-q", "-o", bundle]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return bundle

    def _starts(self, bundles: dict[tuple[int, int], str]) -> dict[tuple[str, str], float]:
        """Seconds that one worker of each method takes in each runtime, the second time."""
        starts: dict[tuple[str, str], float] = {}
        for pair in {pair.runtime: pair for pair in self.pairs}.values():
            bundle = bundles[pair.side, pair.batch]
            request = Request(pair=pair, percent=0, bundle=bundle, folder="", deadline_s=0, start_s=0, seed=0)
            for method in METHODS:
                for _ in range(2):
                    starts[method, pair.runtime] = self._output(method, request, "--start").seconds
        return starts

    def _measure(self, method: str, request: Request) -> Result:
        begin = time.monotonic()
        output = self._output(method, request)
        return Result(
            pair=request.pair,
            percent=request.percent,
            method=method,
            seconds=time.monotonic() - begin,
            answers=output.answers,
            not_driven=output.not_driven,
        )

    def _output(self, method: str, request: Request, *arguments: str) -> Output:
        """Start a method's process. One that fails was not driven; its last line says why."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            request = msgspec.structs.replace(request, folder=folder)
            try:
                done = subprocess.run(
                    [sys.executable, "-m", "scripts.evidence.side_by_side.methods", METHODS[method], *arguments],
                    env=os.environ | ONE_THREAD | {REQUEST_VARIABLE: msgspec.json.encode(request).decode()},
                    capture_output=True,
                    check=False,
                    timeout=max(LEAST_LIMIT_S, OVERRUN_LIMIT * self.budget_s),
                )
            except subprocess.TimeoutExpired:
                return Output(not_driven="it did not end")
        if done.returncode:
            return Output(not_driven=(done.stderr.decode().strip() or "it failed without a word").splitlines()[-1])
        return msgspec.json.decode(done.stdout, type=Output)
