"""The worker: one runtime in a process of its own, which imports nothing else and does as the supervisor asks.

Started by `child`, which has pinned it to its CPUs. Requests come on standard input, replies go out on what
was standard output; whatever a library prints goes to standard error, which the supervisor keeps.
"""

import contextlib
import ctypes
import gc
import os
import random
import signal
import sys
from pathlib import Path
from typing import IO

import msgspec
import numpy as np

from profiler.errors import ArtifactError, MissingPackageError, RefusalError
from profiler.measure.messages import (
    ArmFile,
    BlockRequest,
    Checked,
    CheckRequest,
    Measured,
    Message,
    Reason,
    Rejected,
    Request,
    Started,
)
from profiler.measure.timing import Call, time_block
from profiler.proof import check_claims, check_pair, layout_of, prove
from profiler.proof.arrays import load_answer
from profiler.records import ArmTruth
from profiler.runtimes import Runtime, runtime_info

MAX_PADDING_BYTES = 1 << 18
PADDINGS_PER_ARM = 3


class AnswerError(Exception):
    """A loaded model computes something else than the float64 answer."""


def main(runtime_name: str, threads: int) -> None:
    """Serve requests until standard input ends."""
    replies = _claim_stdout()
    _die_with_parent()
    try:
        runtime = runtime_info(runtime_name).create()
    except MissingPackageError as error:
        _send(replies, Rejected(reason=Reason.PACKAGE, message=str(error)))
        return
    _send(replies, Started())
    decoder = msgspec.json.Decoder(Request)
    for line in sys.stdin.buffer:
        request = decoder.decode(line)
        try:
            if isinstance(request, CheckRequest):
                reply: Message = check(request, runtime, threads=threads)
            else:
                reply = measure(request, runtime, threads=threads)
        except ArtifactError as error:
            reply = Rejected(reason=Reason.ARTIFACT, message=str(error))
        except RefusalError as error:
            reply = Rejected(reason=Reason.REFUSAL, message=str(error))
        except AnswerError as error:
            reply = Rejected(reason=Reason.ANSWER, message=str(error))
        except MissingPackageError as error:
            reply = Rejected(reason=Reason.PACKAGE, message=str(error))
        _release_memory()
        _send(replies, reply)


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
            )
        )
        del model
        _release_memory()
    if request.is_controlled:
        check_pair(proofs, where=request.workload.name)
    return Checked(arms=tuple(truths))


def measure(request: BlockRequest, runtime: Runtime, *, threads: int) -> Measured:
    """Load the arms in random order with random padding between them, outputs included, and time them."""
    generator = random.Random(request.seed)
    x = load_answer(Path(request.answer_path))[0]
    order = list(request.files)
    generator.shuffle(order)
    padding: list[np.ndarray] = []
    calls: dict[str, Call] = {}
    for arm in order:
        # Where a weight lands moves the time by several percent: no arm shall always land in the same place
        padding.extend(
            np.empty(generator.randrange(1, MAX_PADDING_BYTES >> (3 * step)), np.uint8)
            for step in range(PADDINGS_PER_ARM)
        )
        model = runtime.load(Path(request.files[arm]), request.workload, threads=threads)
        _release_memory()
        calls[arm] = model.bind(x)
    faults = _major_faults()
    count, slices = time_block(
        calls, runtime.clock, rounds=request.rounds, slice_ns=request.slice_ns, generator=generator
    )
    return Measured(calls=count, slices_ns=slices, major_faults=_since(faults))


def _check_shape(request: CheckRequest, x: np.ndarray, y: np.ndarray) -> None:
    shapes = (
        (*request.batch_shape, request.workload.in_features),
        (*request.batch_shape, request.workload.out_features),
    )
    if (x.shape, y.shape) != shapes:
        raise ArtifactError(
            f"{request.answer_path} is an answer for {x.shape} -> {y.shape}, not {shapes[0]} -> {shapes[1]}"
        )


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


def _major_faults() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_majflt


def _since(faults: int | None) -> int | None:
    now = _major_faults()
    return None if now is None or faults is None else now - faults


def _claim_stdout() -> IO[bytes]:
    """Keep standard output for replies alone and send everything else that is printed there to standard error."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return replies


def _send(replies: IO[bytes], reply: Message) -> None:
    replies.write(msgspec.json.encode(reply) + b"\n")
    replies.flush()


def _release_memory() -> None:
    """Give back what a case held, or what loading left over: a board shall need the memory of one case, once."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):  # glibc alone has it
        ctypes.CDLL(None).malloc_trim(0)


def _die_with_parent() -> None:
    """End with the supervisor, however that dies: on Linux the kernel sees to it, elsewhere a closed pipe.

    A worker that went on alone would disturb the resumed run.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
