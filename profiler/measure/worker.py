"""The worker: one runtime in a process of its own, which imports nothing else and does as the supervisor asks.

Started by `handle`, which has pinned it to its CPUs and keeps what it prints to standard error.
"""

import dataclasses
import gc
import random
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from profiler.artifacts.arrays.prove import load_answer
from profiler.artifacts.identity import prove_identity
from profiler.artifacts.proof import check_claims, check_pair, layout_of, prove
from profiler.base.errors import ArtifactError, MissingPackageError, RefusalError
from profiler.base.inside import Pipes, release_memory
from profiler.machine.surroundings import between, together
from profiler.measure.messages import (
    ArmFile,
    BlockRequest,
    Checked,
    CheckRequest,
    CostRequest,
    EndRequest,
    Measured,
    Message,
    Reason,
    Rejected,
    Request,
    Started,
)
from profiler.measure.nursery import host
from profiler.measure.probe import measure_costs
from profiler.measure.timing import Arms, Call, Times, time_set
from profiler.runtimes import LoadedModel, Runtime, runtime_info
from profiler.session.records import ArmSet, ArmTruth

MAX_PADDING_BYTES = 1 << 18
PADDINGS_PER_ARM = 3
LINE_BYTES = 64
BLOCK_LIMIT_NS = 2_000_000_000  # what the rounds of a block shall take


class AnswerError(Exception):
    """A loaded model computes something else than the float64 answer."""


_REASONS = {
    ArtifactError: Reason.ARTIFACT,
    RefusalError: Reason.REFUSAL,
    AnswerError: Reason.ANSWER,
    MissingPackageError: Reason.PACKAGE,
}


def main(runtime_name: str, threads: int, *, is_nursery: bool = False) -> None:
    """Import the runtime and serve requests until the supervisor is gone; a nursery has forked workers do it."""
    pipes: Pipes[Request] = Pipes(msgspec.json.Decoder(Request))
    try:
        runtime = runtime_info(runtime_name).create()
    except MissingPackageError as error:
        pipes.send(Rejected(reason=Reason.PACKAGE, message=str(error)))
        return
    gc.collect()
    gc.freeze()  # torch brings 165,000 objects that every collection before a block would look through anew
    if is_nursery:
        pipes.send(Started())
        host(pipes, lambda: serve(pipes, runtime, threads=threads))
    else:
        serve(pipes, runtime, threads=threads)


def serve(pipes: Pipes[Request], runtime: Runtime, *, threads: int) -> None:
    """Answer requests until one says to end, or the supervisor is gone."""
    pipes.send(Started())
    while (request := pipes.request()) is not None and not isinstance(request, EndRequest):
        pipes.send(_answer(request, runtime, threads=threads))


def _answer(request: Request, runtime: Runtime, *, threads: int) -> Message:
    try:
        if isinstance(request, CheckRequest):
            return check(request, runtime, threads=threads)
        if isinstance(request, CostRequest):
            return measure_costs(request, runtime, threads=threads)
        assert isinstance(request, BlockRequest)
        return measure(request, runtime, threads=threads)
    except (ArtifactError, RefusalError, AnswerError, MissingPackageError) as error:
        reason = next(reason for kind, reason in _REASONS.items() if isinstance(error, kind))
        return Rejected(reason=reason, message=str(error))
    finally:
        release_memory()


def check(request: CheckRequest, runtime: Runtime, *, threads: int) -> Checked:
    """Prove both files, load them and compare their answers.

    Raises:
        ArtifactError: a file does not hold what its manifest claims.
        AnswerError: a loaded model computes something else.
    """
    truths = []
    x, y, allowed = load_answer(Path(request.answer_path))
    _check_shape(request, x, y)
    proofs = []
    for layout, arm in request.files.items():
        path = Path(arm.path)
        stored = prove(path, arm.artifact.format)
        check_claims(arm.artifact, stored, request.workload, where=arm.path)
        proofs.append(stored)
        model = runtime.load(path, request.workload, threads=threads)
        error, tolerance = _worst_error(model.answer(x), y, allowed, arm)
        truths.append(
            ArmTruth(
                layout=layout,
                stored_layout=layout_of(stored, arm.artifact.layout),
                executed=model.executed(),
                max_error=error,
                tolerance=tolerance,
                size_bytes=path.stat().st_size,
            )
        )
        del model
        release_memory()
    if request.is_controlled:
        check_pair(proofs, where=request.workload.name)
    _check_identity(request, runtime, x, y.shape, threads=threads)
    return Checked(arms=tuple(truths))


def measure(request: BlockRequest, runtime: Runtime, *, threads: int) -> Measured:
    """Load the arms in random order with random padding between them, outputs included, and time them, set by set."""
    generator = random.Random(request.seed)
    x = load_answer(Path(request.answer_path))[0]
    padding: list[np.ndarray] = []  # kept through all sets, so that the next one lands elsewhere
    evict = _eviction(request.eviction_bytes)
    sets, seen = [], []
    for _ in range(request.sets):
        parts: list[_Part] = []
        groups = _groups(list(request.files), request.arms_at_once, generator)
        for names in groups:
            started = runtime.clock()
            arms = _load_arms(request, runtime, x, padding, names, generator, threads=threads, evict=evict)
            if not parts:
                arms = _with_identity(arms, request, runtime, x, threads=threads)
            before = runtime.surroundings()
            times = time_set(
                arms,
                runtime.clock,
                rounds=request.rounds,
                slice_ns=request.slice_ns,
                limit_ns=BLOCK_LIMIT_NS // (request.sets * len(groups)),
                generator=generator,
                like=parts[0].times if parts else None,
            )
            seen.append(between(before, runtime.surroundings()))
            parts.append(_Part(times, max(0, runtime.clock() - started - times.rounds_ns) * 1e-9))
            del arms
            release_memory()
        sets.append(_set_of(parts))
    return Measured(sets=tuple(sets), quiet=together(seen))


@dataclasses.dataclass(frozen=True)
class _Part:
    """What was timed together of a set, and what loading it took."""

    times: Times
    load_s: float


def _groups(arms: list[str], at_once: int, generator: random.Random) -> list[list[str]]:
    """The arms that are loaded together, in random order: all four, or the first copies of both layouts and the second.

    Either way each layout is held against the other under the same conditions.
    """
    generator.shuffle(arms)
    if at_once >= len(arms):
        return [arms]
    copies = list(dict.fromkeys(arm.rpartition("_")[2] for arm in arms))
    return [[arm for arm in arms if arm.endswith(f"_{copy}")] for copy in copies]


def _set_of(parts: Sequence[_Part]) -> ArmSet:
    first = parts[0].times
    return ArmSet(
        calls=first.calls,
        slices_ns={arm: times for part in parts for arm, times in part.times.slices_ns.items()},
        identity_calls=first.identity_calls,
        identity_ns=first.identity_ns,
        load_s=sum(part.load_s for part in parts),
        rounds_s=sum(part.times.rounds_ns for part in parts) * 1e-9,
    )


def _eviction(size_bytes: int) -> Call | None:
    """A call that reads a word of every line of a buffer of that size; None for 0."""
    if size_bytes <= 0:
        return None
    buffer = np.ones(size_bytes // LINE_BYTES * (LINE_BYTES // 8), np.int64)  # ones: untouched pages are all the same
    return buffer[:: LINE_BYTES // 8].sum


def _load_arms(
    request: BlockRequest,
    runtime: Runtime,
    x: np.ndarray,
    padding: list[np.ndarray],
    names: Sequence[str],
    generator: random.Random,
    *,
    threads: int,
    evict: Call | None,
) -> Arms:
    """The named arms, loaded in this order."""
    calls: dict[str, Call] = {}
    for arm in names:
        # Where a weight lands moves the time by several percent: no arm shall always land in the same place
        padding.extend(
            np.empty(generator.randrange(1, MAX_PADDING_BYTES >> (3 * step)), np.uint8)
            for step in range(PADDINGS_PER_ARM)
        )
        model = runtime.load(Path(request.files[arm]), request.workload, threads=threads)
        release_memory()
        calls[arm] = model.bind(x)
    return Arms(calls, None, evict, request.extra_percent)


def _with_identity(arms: Arms, request: BlockRequest, runtime: Runtime, x: np.ndarray, *, threads: int) -> Arms:
    identity = _load_identity(request, runtime, threads=threads)
    return arms if identity is None else dataclasses.replace(arms, identity=identity.bind(x))


def _load_identity(request: BlockRequest | CheckRequest, runtime: Runtime, *, threads: int) -> LoadedModel | None:
    if not request.has_identity:
        return None
    path = None if request.identity_path is None else Path(request.identity_path)
    return runtime.load_identity(path, request.workload, threads=threads)


def _check_shape(request: CheckRequest, x: np.ndarray, y: np.ndarray) -> None:
    shapes = (
        (*request.batch_shape, request.workload.in_features),
        (*request.batch_shape, request.workload.out_features),
    )
    if (x.shape, y.shape) != shapes:
        raise ArtifactError(
            f"{request.answer_path} is an answer for {x.shape} -> {y.shape}, not {shapes[0]} -> {shapes[1]}"
        )


def _check_identity(
    request: CheckRequest, runtime: Runtime, x: np.ndarray, shape: tuple[int, ...], *, threads: int
) -> None:
    """Prove the identity model and that it hands the input on in the shape of the answer."""
    if request.identity_path is not None:
        prove_identity(Path(request.identity_path), next(iter(request.files.values())).artifact.format)
    identity = _load_identity(request, runtime, threads=threads)
    if identity is None:
        return
    found = identity.answer(x)
    common = min(shape[-1], x.shape[-1])
    if found.shape != shape or not (found[..., :common] == x[..., :common]).all():
        raise AnswerError(f"the identity model of {request.workload.name} does not hand its input on")


def _worst_error(found: np.ndarray, y: np.ndarray, tolerance: np.ndarray, arm: ArmFile) -> tuple[float, float]:
    """The error that comes nearest to its tolerance, and that tolerance.

    Raises:
        AnswerError: it is larger, or not a number.
    """
    if found.shape != y.shape:
        raise AnswerError(f"{arm.path} gives an answer of shape {found.shape} instead of {y.shape}")
    error = np.abs(found - y)
    at = np.unravel_index(int(np.argmax(error / tolerance)), error.shape)
    if not (error <= tolerance).all():
        raise AnswerError(
            f"{arm.artifact.layout} is off by {error[at]:.3g} from the float64 answer, {tolerance[at]:.3g} is allowed"
        )
    return float(error[at]), float(tolerance[at])
