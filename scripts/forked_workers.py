#!/usr/bin/env python3
"""Measures whether forked workers vary as freely as fresh ones, with truth 0: the same file in all four arms.

Usage: .venv/bin/python scripts/forked_workers.py [GROUPS] [SEED] [identical|real]

A group is PASSES blocks of every case, and has a regime:
  stuck   each in a forked child that moves nothing, and loads its arms in the same order with the same padding: what
          a test must catch, if it can catch anything
  same    all in one process
  forked  each in a child of one process that has only imported the runtime; the child first moves stack and heap
  fresh   each in a process of its own, as `run` does it
Groups of all regimes and runtimes alternate in random order. Printed for each runtime and for all of them:
  false alarms of e  how often a 5 % t test over a group's effects finds one. Forked workers may be used only if this
                     is as rare as in fresh ones. Of z: the same for the null. `same` need not have more: every
                     block loads identical arms in an order of its own, which alone makes e symmetric.
  within, between    standard deviations of e inside a group and between groups, the second for what a group shares
  F                  variance between / within, about 0.9 if a group shares nothing, with the 95 % range that the median
                     over cases has when blocks are dealt to the groups at random. Beyond it a group shares something.
  unlike fresh       how often a 5 % test over group means finds e elsewhere than in fresh workers
Where a spread is at stake, strays are clipped to three robust deviations; false alarms and half-widths keep them.
Identical arms run the same code, so what moves code alone (a library's address) cancels in e. It need not between
layouts: `real` measures those instead: there is no truth then, no false alarms are shown; F and `unlike fresh` tell.

Then a model's load and first call, the first and the second in a process, in forked children and in fresh processes.
The ratio's interval is a bootstrap's; beyond 1 a load in a forked child is not what a deployed process pays.
"""

import dataclasses
import functools
import gc
import importlib
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from profiler.artifacts.arrays.prove import load_answer
from profiler.artifacts.bundle import Bundle, open_bundle
from profiler.artifacts.records import Form
from profiler.base.signals import Stop, describe_signal
from profiler.commands.measuring import ROUNDS, SLICE_S
from profiler.judge.effects import arm_medians, set_effect, set_null
from profiler.judge.statistics import t_interval, t_quantile
from profiler.judge.verdicts import DEFAULT_MARGIN
from profiler.measure import worker
from profiler.measure.handle import MAX_ENVIRONMENT_BYTES, Worker, worker_environment
from profiler.measure.messages import BlockRequest, Measured, Reply, Started
from profiler.measure.nursery import go_deeper, scatter
from profiler.measure.plan import PlannedCase, make_plan
from profiler.runtimes import runtime_info
from profiler.session.file import ARMS
from profiler.session.records import Control, Options

RUNTIMES = ("torchscript", "onnxruntime", "onnxruntime-unpacked", "numpy")
REGIMES = ("stuck", "same", "forked", "fresh")
FORKED = ("stuck", "forked")
SHAPES = ((64, 64), (256, 256), (512, 512), (640, 128))
PROBED = "linear-512x512"  # the largest: what a load costs
PASSES = 8
PROBES = 3  # processes per runtime, kind and round
LOADS = 2  # in each of them
JOB_END = b"\n\n"
SHUFFLES = 400
CLIP_DEVIATIONS = 3
MAD_TO_DEVIATION = 1.4826  # of a normal distribution
CONFIDENCE_LEVEL = 0.95
SUITE = 'name = "forks"\nbatches = [1, 8]\n' + "".join(
    f"[[linear]]\nin_features = {inner}\nout_features = {outer}\n" for inner, outer in SHAPES
)
FIGURES_OF_A_LOAD = [
    (order, field, unit, scale)
    for order in range(LOADS)
    for field, unit, scale in (("load_s", "ms", 1e-3), ("call_s", "ms", 1e-3), ("peak_bytes", "MB", 1e6))
] + [(0, "anonymous_bytes", "MB", 1e6)]


@dataclasses.dataclass(frozen=True)
class Group:
    """What one group measured: for each case the effect and the null of each pass."""

    runtime: str
    regime: str
    seconds: float
    effects: dict[str, list[float]]
    nulls: dict[str, list[float]]


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What loading a model took, and its first call. Memory is what loading and calling added."""

    load_s: float
    call_s: float
    peak_bytes: int
    anonymous_bytes: int


def main() -> None:
    """Measure and print the figures."""
    if sys.argv[1:2] == ["--host"]:
        _serve(*sys.argv[2:])
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    generator = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)  # noqa: PLR2004
    control = Control.NONE if sys.argv[3:] == ["real"] else Control.IDENTICAL
    groups: list[Group] = []
    loads: dict[tuple[str, str], list[list[Load]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(_export(Path(folder)), control, generator)
        for index in range(count):
            units = [(runtime, regime) for runtime in RUNTIMES for regime in (*REGIMES, "probe")]
            generator.shuffle(units)
            for done, (runtime, regime) in enumerate(units, start=1):
                if regime == "probe":
                    for kind, processes in bench.probe(runtime).items():
                        loads[runtime, kind].extend(processes)
                else:
                    groups.append(bench.measure(runtime, regime))
                print(f"round {index + 1} of {count}: {done} of {len(units)} groups", file=sys.stderr, flush=True)
    _print_groups(groups, has_truth=control is Control.IDENTICAL)
    _print_loads(loads)


# ------------------------------------------------------------ measuring


class Bench:
    """Starts processes of every kind on the same cases."""

    def __init__(self, bundle: Bundle, control: Control, generator: random.Random) -> None:
        options = Options(
            runtimes=RUNTIMES, forms=(Form.CONTROLLED,), looks=(PASSES,), margin=DEFAULT_MARGIN,
            confidence_level=CONFIDENCE_LEVEL, rounds=ROUNDS, slice_s=SLICE_S, threads=(1,), cpus=(), seed=0,
            controls=(control,),
        )  # fmt: skip
        self._bundle = bundle
        self._cases = make_plan(bundle.manifest, options).cases
        self._random = generator
        self._stop = Stop()

    def measure(self, runtime: str, regime: str) -> Group:
        """One group."""
        planned = [case for case in self._cases if case.case.runtime == runtime]
        passes = [self._random.sample(planned, len(planned)) for _ in range(PASSES)]
        seeds = {case.case.id: self._random.getrandbits(63) for case in planned}
        requests = [
            [self._request(case, seed=seeds[case.case.id] if regime == "stuck" else None) for case in cases]
            for cases in passes
        ]
        start = time.perf_counter()
        if regime in FORKED:
            lines = self._host(regime, "blocks", runtime, requests)
            replies = [msgspec.json.decode(line, type=Reply) for line in lines]
        elif regime == "fresh":
            replies = [reply for some in requests for reply in self._work(runtime, some)]
        else:
            replies = self._work(runtime, [request for some in requests for request in some])
        seconds = time.perf_counter() - start
        group = Group(runtime, regime, seconds, effects=defaultdict(list), nulls=defaultdict(list))
        measured = [reply for reply in replies if not isinstance(reply, Started)]
        for case, reply in zip((case for cases in passes for case in cases), measured, strict=True):
            assert isinstance(reply, Measured), f"{case.case.id}: {reply}"
            medians = arm_medians(reply.sets[0])
            group.effects[case.case.id].append(set_effect(medians))
            group.nulls[case.case.id].append(set_null(medians))
        return group

    def probe(self, runtime: str) -> dict[str, list[list[Load]]]:
        """The loads of several forked children and of as many fresh processes, two in each."""
        planned = [case for case in self._cases if (case.case.runtime, case.case.workload) == (runtime, PROBED)]
        request = self._request(planned[0])
        forked = self._host("forked", "probe", runtime, [[request] * LOADS] * PROBES)
        fresh = [line for _ in range(PROBES) for line in self._host("fresh", "probe", runtime, [[request] * LOADS])]
        return {"forked": _loads(forked), "fresh": _loads(fresh)}

    def _request(self, planned: PlannedCase, *, seed: int | None = None) -> BlockRequest:
        return BlockRequest(
            workload=planned.workload,
            files={arm: str(self._bundle.path_of(planned.arm_artifact(arm))) for arm in ARMS},
            answer_path=str(self._bundle.path_of(planned.answer)),
            has_identity=False,
            identity_path=None,
            seed=self._random.getrandbits(63) if seed is None else seed,
            sets=1,
            rounds=ROUNDS,
            slice_ns=round(SLICE_S * 1e9),
            eviction_bytes=0,
            extra_percent={},
        )

    def _work(self, runtime: str, requests: Iterable[BlockRequest]) -> list[Reply]:
        """Have one fresh worker measure blocks one after another."""
        with Worker(runtime, threads=1, cpus=(), stop=self._stop, generator=self._random) as process:
            return [process.start(), *(process.request(request) for request in requests)]

    def _host(self, kind: str, task: str, runtime: str, requests: Sequence[Sequence[BlockRequest]]) -> list[bytes]:
        """Start this script as a host, which gives each list of requests to a process of its own, and read it out."""
        jobs = JOB_END.join(b"\n".join(msgspec.json.encode(request) for request in some) for some in requests)
        finished = subprocess.run(
            [sys.executable, __file__, "--host", kind, task, runtime],
            input=jobs,
            stdout=subprocess.PIPE,
            env={**os.environ, **worker_environment(1, self._random)},
            check=True,
        )
        return finished.stdout.splitlines()


def _export(folder: Path) -> Bundle:
    suite, bundle = folder / "suite.toml", folder / "bundle"
    suite.write_text(SUITE)
    command = [sys.executable, "-m", "profiler", "export", str(suite), "-q", "--form", "controlled", "-o", str(bundle)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return open_bundle(bundle)


def _loads(lines: Sequence[bytes]) -> list[list[Load]]:
    """The loads of each process, in order."""
    loads = [msgspec.json.decode(line, type=Load) for line in lines]
    return [loads[start : start + LOADS] for start in range(0, len(loads), LOADS)]


# ------------------------------------------------------------ in the host


def _serve(kind: str, task: str, runtime: str) -> None:
    """Import the runtime and nothing else, then have each job done: by a forked child, or here."""
    jobs = sys.stdin.buffer.read().split(JOB_END)
    importlib.import_module(runtime_info(runtime).location.partition(":")[0])
    serve = functools.partial(worker.main if task == "blocks" else _probe, runtime, 1)
    if kind in FORKED:
        gc.collect()
        gc.freeze()  # else every collection in a child would touch, and so copy, all that was imported
    for job in jobs:
        if kind in FORKED:
            _fork(job, serve, moves=kind == "forked")
        else:
            _give(job)
            serve()


def _fork(job: bytes, serve: Callable[[], None], *, moves: bool) -> None:
    """Run one child to its end.

    Raises:
        SystemExit: it died.
    """
    child = os.fork()
    if child == 0:
        # Not by way of the interpreter's end: that may wait for a thread of the runtime which no child has
        depth = random.randrange(1, MAX_ENVIRONMENT_BYTES) if moves else 1
        os._exit(0 if go_deeper(depth, lambda: _obey(job, serve, moves=moves)) else 1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        raise SystemExit(f"a forked child died: {describe_signal(-status) if status < 0 else f'exit status {status}'}")


def _obey(job: bytes, serve: Callable[[], None], *, moves: bool) -> None:
    kept = scatter(random.Random()) if moves else []
    _give(job)
    serve()
    del kept


def _give(job: bytes) -> None:
    """Make a job the standard input of this process."""
    with tempfile.TemporaryFile() as file:
        file.write(job)
        file.seek(0)
        os.dup2(file.fileno(), 0)


def _probe(runtime_name: str, threads: int) -> None:
    """Load the model of each request and call it once; earlier ones stay loaded."""
    runtime = runtime_info(runtime_name).create()
    models = []
    for line in sys.stdin.buffer:
        request = msgspec.json.decode(line, type=BlockRequest)
        x = load_answer(Path(request.answer_path))[0]
        peak, anonymous = _memory_bytes("VmHWM:"), _memory_bytes("RssAnon:")
        start = time.perf_counter()
        models.append(runtime.load(Path(request.files[ARMS[0]]), request.workload, threads=threads))
        loaded = time.perf_counter()
        models[-1].answer(x)
        called = time.perf_counter()
        load = Load(
            load_s=loaded - start,
            call_s=called - loaded,
            peak_bytes=_memory_bytes("VmHWM:") - peak,
            anonymous_bytes=_memory_bytes("RssAnon:") - anonymous,
        )
        print(msgspec.json.encode(load).decode(), flush=True)


def _memory_bytes(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(key))


# ------------------------------------------------------------ figures


@dataclasses.dataclass(frozen=True)
class Figures:
    """What some cases show in one regime."""

    effect_alarms: tuple[int, int]
    null_alarms: tuple[int, int]
    within: float
    between: float
    f_ratio: float
    f_range: tuple[float, float]
    unlike_fresh: tuple[int, int]
    half_width: float
    group_seconds: float


def _print_groups(groups: Sequence[Group], *, has_truth: bool) -> None:
    pairs = "the same file in all four arms" if has_truth else "real pairs"
    count = len(groups) // (len(RUNTIMES) * len(REGIMES))
    print(f"{pairs}: {count} groups of {PASSES} blocks per runtime and regime, {2 * len(SHAPES)} cases")
    for runtimes in (*((runtime,) for runtime in RUNTIMES), RUNTIMES):
        title = runtimes[0] if len(runtimes) == 1 else "all runtimes"
        print(f"\n{title:<22}" + "".join(f"{regime:<22}" for regime in REGIMES).rstrip())
        columns = [_figures(groups, runtimes, regime) for regime in REGIMES]
        if has_truth:
            _print_row("false alarms of e", [_share(*figures.effect_alarms) for figures in columns])
            _print_row("false alarms of z", [_share(*figures.null_alarms) for figures in columns])
        _print_row("within, median", [f"{figures.within:.2%}" for figures in columns])
        _print_row("between, median", [f"{figures.between:.2%}" for figures in columns])
        ranges = [(figures.f_ratio, *figures.f_range) for figures in columns]
        _print_row("F (range by chance)", ["{:.2f} ({:.2f}-{:.2f})".format(*numbers) for numbers in ranges])
        _print_row("unlike fresh", [_share(*figures.unlike_fresh) for figures in columns[:-1]])
        _print_row("half-width, median", [f"{figures.half_width:.2%}" for figures in columns])
        _print_row("seconds per group", [f"{figures.group_seconds:.1f}" for figures in columns])


def _print_row(name: str, cells: Iterable[str]) -> None:
    print(f"  {name:<20}" + "".join(f"{cell:<22}" for cell in cells).rstrip())


def _figures(groups: Sequence[Group], runtimes: Sequence[str], regime: str) -> Figures:
    chosen = [group for group in groups if group.runtime in runtimes and group.regime == regime]
    effects = [values for runtime in runtimes for values in _effects(groups, runtime, regime)]
    fresh = [values for runtime in runtimes for values in _effects(groups, runtime, "fresh")]
    within, between = zip(*(_deviations(values) for values in effects), strict=True)
    return Figures(
        effect_alarms=_alarms(values for group in chosen for values in group.effects.values()),
        null_alarms=_alarms(values for group in chosen for values in group.nulls.values()),
        within=statistics.median(within),
        between=statistics.median(between),
        f_ratio=_median_f(effects),
        f_range=_chance_range(effects),
        unlike_fresh=_unlike(effects, fresh),
        half_width=statistics.median(_half_width(values) for group in chosen for values in group.effects.values()),
        group_seconds=statistics.median(group.seconds for group in chosen),
    )


def _effects(groups: Iterable[Group], runtime: str, regime: str) -> list[np.ndarray]:
    """For each case its effects, `[groups, passes]`, strays clipped: one would outweigh all others in a variance."""
    chosen = [group.effects for group in groups if (group.runtime, group.regime) == (runtime, regime)]
    return [_clipped(np.array([effects[case] for effects in chosen])) for case in sorted(chosen[0])]


def _clipped(values: np.ndarray) -> np.ndarray:
    middle = np.median(values)
    reach = CLIP_DEVIATIONS * np.median(np.abs(values - middle)) * MAD_TO_DEVIATION
    clipped: np.ndarray = np.clip(values, middle - reach, middle + reach)
    return clipped


def _alarms(samples: Iterable[Sequence[float]]) -> tuple[int, int]:
    """How many samples have an interval without 0, and how many there are."""
    intervals = [t_interval(values, confidence_level=CONFIDENCE_LEVEL) for values in samples]
    return sum(not interval.low <= 0 <= interval.high for interval in intervals), len(intervals)


def _half_width(values: Sequence[float]) -> float:
    interval = t_interval(values, confidence_level=CONFIDENCE_LEVEL)
    return (interval.high - interval.low) / 2


def _mean_squares(values: np.ndarray) -> tuple[float, float]:
    """Within and between groups, in that order; equal on average if groups share nothing."""
    within = float(values.var(axis=1, ddof=1).mean())
    return within, values.shape[1] * float(values.mean(axis=1).var(ddof=1))


def _deviations(values: np.ndarray) -> tuple[float, float]:
    within, between = _mean_squares(values)
    return math.sqrt(within), math.sqrt(max(0.0, (between - within) / values.shape[1]))


def _median_f(cases: Iterable[np.ndarray]) -> float:
    ratios = [between / within for within, between in map(_mean_squares, cases)]
    return statistics.median(ratios)


def _chance_range(cases: Sequence[np.ndarray]) -> tuple[float, float]:
    """Where the median F lies when each case's blocks are dealt to its groups at random."""
    generator = np.random.default_rng(0)
    found = [_median_f([generator.permuted(v.ravel()).reshape(v.shape) for v in cases]) for _ in range(SHUFFLES)]
    return _central(found)


def _unlike(cases: Iterable[np.ndarray], references: Iterable[np.ndarray]) -> tuple[int, int]:
    """In how many cases the mean differs, by a pooled t test with the group as the unit, and of how many."""
    differ = []
    for values, reference in zip(cases, references, strict=True):
        means, others = values.mean(axis=1), reference.mean(axis=1)
        error = math.sqrt((means.var(ddof=1) + others.var(ddof=1)) / len(means))
        limit = t_quantile((1 + CONFIDENCE_LEVEL) / 2, 2 * len(means) - 2)
        differ.append(abs(means.mean() - others.mean()) > limit * error)
    return sum(differ), len(differ)


def _print_loads(loads: dict[tuple[str, str], list[list[Load]]]) -> None:
    count = min(map(len, loads.values()))
    print(f"\n{PROBED}, medians of {count} processes: forked, fresh, forked / fresh with its 95 % interval")
    for runtime in RUNTIMES:
        print(runtime)
        for order, field, unit, scale in FIGURES_OF_A_LOAD:
            forked, fresh = (
                np.array([getattr(process[order], field) for process in loads[runtime, kind]]) / scale
                for kind in ("forked", "fresh")
            )
            name = f"{('first', 'second')[order]} {field.rpartition('_')[0]}"
            print(f"  {name:<20}{np.median(forked):8.2f} {np.median(fresh):8.2f} {unit}   {_ratio(forked, fresh)}")


def _ratio(forked: np.ndarray, fresh: np.ndarray) -> str:
    if not np.median(fresh):
        return "-"
    generator = np.random.default_rng(0)
    tops, bottoms = (np.median(generator.choice(v, (SHUFFLES, len(v))), axis=1) for v in (forked, fresh))
    low, high = _central(tops / np.where(bottoms, bottoms, np.nan))
    return f"{np.median(forked) / np.median(fresh):.2f} ({low:.2f}-{high:.2f})"


def _central(values: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """The range that holds the middle 95 %."""
    low, high = np.nanquantile(values, [(1 - CONFIDENCE_LEVEL) / 2, (1 + CONFIDENCE_LEVEL) / 2])
    return float(low), float(high)


def _share(hits: int, total: int) -> str:
    """A share with its Wilson interval."""
    z, p = statistics.NormalDist().inv_cdf((1 + CONFIDENCE_LEVEL) / 2), hits / total
    middle, spread = p + z * z / (2 * total), z * math.sqrt(p * (1 - p) / total + (z / (2 * total)) ** 2)
    low, high = ((middle + sign * spread) / (1 + z * z / total) for sign in (-1, 1))
    return f"{p:.1%} ({max(0.0, low):.1%}-{high:.1%})"


if __name__ == "__main__":
    main()
