"""What a layout costs before its second call: load time, first call and memory, each in a process of its own.

The process is forked from a worker that has imported its runtime and loaded nothing, which spares it the seconds that
importing torch takes. A forked process must map the runtime's code anew, which would be counted as load time; so it
loads and calls an identity model first, as does whatever a runtime does only once in its life.
"""

import contextlib
import gc
import os
import random
import time
from pathlib import Path

import msgspec

from profiler.artifacts.references import load_reference
from profiler.base.death import ChildError
from profiler.base.errors import RefusalError
from profiler.base.lines import LineReader, TooLongError, decode_answer, encode_line
from profiler.measure.forks import fork, wait_for
from profiler.measure.messages import CostRequest, CostTimes, Subject
from profiler.models.layout import WeightLayout
from profiler.runtimes import Runtime
from profiler.session.records import ArmCost

PROBE_LIMIT_S = 120.0
MAX_MESSAGE = 300
MAX_LINE_BYTES = 1 << 16


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a probe measured, or why it did not."""

    cost: ArmCost | None = None
    problem: str | None = None


def measure_costs(request: CostRequest, runtime: Runtime, *, threads: int) -> CostTimes:
    """Probe both layouts in random order.

    Raises:
        RefusalError: a probe died, gave no answer, or its runtime refused the file.
    """
    order = list(request.subject.files)
    random.Random(request.seed).shuffle(order)
    return CostTimes(arms={layout: _fork(request.subject, layout, runtime, threads) for layout in order})


def _fork(subject: Subject, layout: WeightLayout, runtime: Runtime, threads: int) -> ArmCost:
    reader, writer = os.pipe()

    def tell() -> bool:
        os.close(reader)
        try:
            found = _Told(cost=_probe(subject, layout, runtime, threads))
        except BaseException as error:  # noqa: BLE001 - told to the parent, whatever it is
            found = _Told(problem=f"{type(error).__name__}: {error}"[:MAX_MESSAGE])
        os.write(writer, encode_line(found))
        return True

    child = fork(tell)
    os.close(writer)
    try:
        return _receive(reader, child)
    finally:
        os.close(reader)


def _probe(subject: Subject, layout: WeightLayout, runtime: Runtime, threads: int) -> ArmCost:
    x = load_reference(Path(subject.reference_path))[0]
    if subject.has_identity:  # what the runtime does once in its life is no layout's cost
        path = None if subject.identity_path is None else Path(subject.identity_path)
        runtime.load_identity(path, subject.workload, threads=threads).output(x)
    gc.collect()
    before = _memory_bytes("VmRSS")
    start = time.perf_counter()
    model = runtime.load(Path(subject.files[layout]), subject.workload, threads=threads)
    loaded_s = time.perf_counter()
    loaded = _memory_bytes("VmRSS")
    called_s = time.perf_counter()
    model.output(x)
    end = time.perf_counter()
    return ArmCost(
        load_s=loaded_s - start,
        first_call_s=end - called_s,
        resident_before_bytes=before,
        resident_loaded_bytes=loaded,
        peak_bytes=_memory_bytes("VmHWM"),
    )


def _receive(reader: int, child: int) -> ArmCost:
    line = None
    try:
        line = LineReader(reader, limit_bytes=MAX_LINE_BYTES).next(PROBE_LIMIT_S)
    except TimeoutError as error:
        raise RefusalError(f"loading took more than {PROBE_LIMIT_S:.0f} s and was ended") from error
    except TooLongError as error:
        raise RefusalError(f"the process that loads it alone told more than {MAX_LINE_BYTES} bytes") from error
    finally:
        death = wait_for(child, is_killed=line is None)
    if line is None:
        how = death.cause if death.signal is not None else f"{death.cause}, and it said nothing"
        raise RefusalError(f"the process that loads it alone died: {how}")
    try:
        told = decode_answer(line, msgspec.json.Decoder(_Told))
    except ChildError as error:
        raise RefusalError(f"the process that loads it alone {error}") from error
    if told.cost is None:
        raise RefusalError(f"it cannot be loaded alone: {told.problem}")
    return told.cost


def _memory_bytes(key: str) -> int | None:
    """A line of /proc/self/status; None where there is no such file."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{key}:"):
                return int(line.split()[1]) * 1024
    return None
