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

from profiler.artifacts.proof import check_entry, check_pair, layout_of, prove, prove_identity
from profiler.artifacts.references import load_reference
from profiler.base.errors import ArtifactError, MissingPackageError, RefusalError
from profiler.base.inside import Pipes, release_memory
from profiler.machine.surroundings import between, together
from profiler.measure.messages import (
    BlockRequest,
    BlockTimes,
    CheckRequest,
    CheckResult,
    CostRequest,
    EndRequest,
    Message,
    Ready,
    Reason,
    Rejection,
    Request,
    Subject,
)
from profiler.measure.nursery import host
from profiler.measure.probe import measure_costs
from profiler.measure.timing import Arms, Call, Times, time_set
from profiler.models.exactness import WorstError, shape_problem, worst_error
from profiler.models.layout import WeightLayout
from profiler.runtimes import LoadedModel, Runtime, runtime_info
from profiler.session.arms import ARMS, Arm
from profiler.session.records import ArmSet, ArmTruth, arm_times

MAX_PADDING_BYTES = 1 << 18
PADDINGS_PER_ARM = 3
LINE_BYTES = 64
BLOCK_LIMIT_NS = 2_000_000_000  # what the rounds of a block shall take


class AnswerError(Exception):
    """A loaded model computes something else than the float64 output."""


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
        pipes.send(Rejection(reason=Reason.PACKAGE, message=str(error)))
        return
    gc.collect()
    gc.freeze()  # torch brings 165,000 objects that every collection before a block would look through anew
    if is_nursery:
        pipes.send(Ready())
        host(pipes, lambda: serve(pipes, runtime, threads=threads))
    else:
        serve(pipes, runtime, threads=threads)


def serve(pipes: Pipes[Request], runtime: Runtime, *, threads: int) -> None:
    """Answer requests until one says to end, or the supervisor is gone."""
    pipes.send(Ready())
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
        return Rejection(reason=reason, message=str(error))
    finally:
        release_memory()


def check(request: CheckRequest, runtime: Runtime, *, threads: int) -> CheckResult:
    """Prove both files, load them and compare their outputs with the float64 one.

    Raises:
        ArtifactError: a file does not hold what its manifest claims.
        AnswerError: a loaded model computes something else.
    """
    subject = request.subject
    truths = []
    x, y, allowed = load_reference(Path(subject.reference_path))
    _check_shape(request, x, y)
    _check_number_format(request, x)
    proofs = []
    for layout, artifact in request.artifacts.items():
        path = Path(subject.files[layout])
        stored = prove(path, artifact.format)
        check_entry(artifact, stored, subject.workload, where=str(path))
        proofs.append(stored)
        model = runtime.load(path, subject.workload, threads=threads)
        worst = _worst_error(model.output(x), y, allowed, path=path, layout=artifact.layout)
        truths.append(
            ArmTruth(
                layout=layout,
                stored_layout=layout_of(stored, artifact.layout),
                executed=model.executed(),
                max_error=worst.error,
                tolerance=worst.tolerance,
                size_bytes=artifact.total_bytes,
            )
        )
        del model
        release_memory()
    if request.is_controlled:
        check_pair(proofs, where=subject.workload.label)
    _check_identity(request, runtime, x, y.shape, threads=threads)
    return CheckResult(arms=tuple(truths))


def measure(request: BlockRequest, runtime: Runtime, *, threads: int) -> BlockTimes:
    """Load the arms in random order with random padding between them, outputs included, and time them, set by set."""
    generator = random.Random(request.seed)
    x = load_reference(Path(request.subject.reference_path))[0]
    padding: list[np.ndarray] = []  # kept through all sets, so that the next one lands elsewhere
    evict = _eviction(request.eviction_bytes)
    sets, seen = [], []
    for _ in range(request.sets):
        parts: list[_Part] = []
        groups = _groups(list(ARMS), request.arms_at_once, generator)
        for group in groups:
            started = runtime.clock()
            arms = _load_arms(request, runtime, x, padding, group, generator, threads=threads, evict=evict)
            if not parts:
                arms = _with_identity(arms, request.subject, runtime, x, threads=threads)
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
    return BlockTimes(sets=tuple(sets), noise=together(seen))


@dataclasses.dataclass(frozen=True)
class _Part:
    """What was timed together of a set, and what loading it took."""

    times: Times[Arm]
    load_s: float


def _groups(arms: list[Arm], at_once: int, generator: random.Random) -> list[list[Arm]]:
    """The arms that are loaded together, in random order: all four, or the first copies of both layouts and the second.

    Either way each layout is held against the other under the same conditions.
    """
    generator.shuffle(arms)
    if at_once >= len(arms):
        return [arms]
    copies = dict.fromkeys(arm.copy for arm in arms)
    return [[arm for arm in arms if arm.copy == copy] for copy in copies]


def _set_of(parts: Sequence[_Part]) -> ArmSet:
    first = parts[0].times
    return ArmSet(
        calls=first.calls,
        arms=arm_times({arm: times for part in parts for arm, times in part.times.slices_ns.items()}),
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
    group: Sequence[Arm],
    generator: random.Random,
    *,
    threads: int,
    evict: Call | None,
) -> Arms[Arm]:
    """The arms of a group, loaded in this order."""
    calls: dict[Arm, Call] = {}
    for arm in group:
        # Where a weight lands moves the time by several percent: no arm shall always land in the same place
        padding.extend(
            np.empty(generator.randrange(1, MAX_PADDING_BYTES >> (3 * step)), np.uint8)
            for step in range(PADDINGS_PER_ARM)
        )
        model = runtime.load(Path(request.subject.files[arm.layout]), request.subject.workload, threads=threads)
        release_memory()
        calls[arm] = model.bind(x)
    return Arms(calls, None, evict, {arm: request.extra_percent.get(arm.layout, 0) for arm in group})


def _with_identity(arms: Arms[Arm], subject: Subject, runtime: Runtime, x: np.ndarray, *, threads: int) -> Arms[Arm]:
    identity = _load_identity(subject, runtime, threads=threads)
    return arms if identity is None else dataclasses.replace(arms, identity=identity.bind(x))


def _load_identity(subject: Subject, runtime: Runtime, *, threads: int) -> LoadedModel | None:
    if not subject.has_identity:
        return None
    path = None if subject.identity_path is None else Path(subject.identity_path)
    return runtime.load_identity(path, subject.workload, threads=threads)


def _check_shape(request: CheckRequest, x: np.ndarray, y: np.ndarray) -> None:
    subject = request.subject
    shapes = (
        (*request.batch_shape, subject.workload.in_features),
        (*request.batch_shape, subject.workload.out_features),
    )
    if (x.shape, y.shape) != shapes:
        raise ArtifactError(
            f"{subject.reference_path} is an answer for {x.shape} -> {y.shape}, not {shapes[0]} -> {shapes[1]}"
        )


def _check_number_format(request: CheckRequest, x: np.ndarray) -> None:
    for artifact in request.artifacts.values():
        wanted = artifact.dtype.activations
        if x.dtype != np.dtype(wanted.numpy_name):
            raise ArtifactError(f"{request.subject.reference_path} is a reference for {x.dtype} inputs, not {wanted}")


def _check_identity(
    request: CheckRequest, runtime: Runtime, x: np.ndarray, shape: tuple[int, ...], *, threads: int
) -> None:
    """Prove the identity model and that it hands the input on in the shape of the output."""
    subject = request.subject
    if subject.identity_path is not None:
        file_format = next(iter(request.artifacts.values())).format
        prove_identity(Path(subject.identity_path), file_format, subject.identity_parts)
    identity = _load_identity(subject, runtime, threads=threads)
    if identity is None:
        return
    found = identity.output(x)
    common = min(shape[-1], x.shape[-1])
    if found.shape != shape or not (found[..., :common] == x[..., :common]).all():
        raise AnswerError(f"the identity model of {subject.workload.label} does not hand its input on")


def _worst_error(
    found: np.ndarray, y: np.ndarray, tolerance: np.ndarray, *, path: Path, layout: WeightLayout
) -> WorstError:
    """How far a loaded model's output is off.

    Raises:
        AnswerError: farther than is allowed, or it is not a number.
    """
    problem = shape_problem(found, y)
    if problem is not None:
        raise AnswerError(f"{path} {problem}")
    worst = worst_error(found, y, tolerance)
    if not worst.is_allowed:
        raise AnswerError(f"{layout} {worst.problem}")
    return worst
