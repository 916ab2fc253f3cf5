"""Children that die, hang or print garbage are problems in the record, and a real machine can be measured."""

import os
import sys

import msgspec
import pytest

from profiler.base.death import ChildError
from profiler.machine.limits import ask, measure
from profiler.machine.limits.job import LimitFindings, LimitsJob
from profiler.machine.limits.measure import choose_targets, measure_machine
from profiler.machine.limits.plan import NUMBA_BYTES
from profiler.machine.limits.problems import tells_of_failure
from profiler.machine.limits.records import CanaryFigures, CoreLimits, MachineLimits, TimerFigures
from profiler.machine.records import CoreType
from profiler.models.number_format import NumberFormat

FINDINGS = LimitFindings(
    core=CoreLimits(core="x", cpu=0, method="read bandwidth", latencies=(), bandwidths=(), knees=(), peaks=()),
    timer=TimerFigures(resolution_s=1e-9, overhead_s=1e-9),
    canary=CanaryFigures(best_s=1.0, median_s=1.0, p95_s=1.0),
    problems=("something",),
)
ANSWER = f"print({msgspec.json.encode(FINDINGS).decode()!r})"
CPU = min(os.sched_getaffinity(0))
KIND = CoreType(name="Cortex-A72", implementer=None, part=None, cpus=(CPU,), source="test")


@pytest.fixture(autouse=True)
def _enough_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "available_bytes", lambda: 1 << 30)


def use_program(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    preamble = "import json, os, signal, sys\njob = json.load(sys.stdin)\n"
    monkeypatch.setattr(ask, "worker_command", lambda: [sys.executable, "-c", preamble + program])


def measured(**options: object) -> MachineLimits:
    return measure_machine([KIND], use_numba=bool(options.get("use_numba", True)), on_stage=lambda _: None)


@pytest.mark.parametrize(
    ("death", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGILL)", "SIGILL"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "out of memory"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("print('nonsense')", "cannot be read"),
        ("print('{}')", "cannot be read"),
        ("sys.stdout.buffer.write(bytes([255]) * 2_000_000)", "more than"),
        ("raise RuntimeError('no luck \\x1b[2J')", "no luck ?[2J"),
        ("raise ImportError('no (/home/alice/venv/x.so)')", "ImportError: no (.../x.so)"),
        (
            "sys.stderr.write('/home/' + 'alice' * 500 + '/venv/x.so is missing')\n    sys.exit(3)",
            "status 3: is missing",
        ),
        ("sys.exit(3)", "status 3: it said nothing"),
    ],
)
def test_a_death_with_numba_is_told_and_the_rest_is_measured_without_it(
    death: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_program(monkeypatch, f"if job['use_numba']:\n    {death}\nelse:\n    {ANSWER}")
    found = measured()
    assert found.cores == (FINDINGS.core,)
    assert len(found.problems) == 2
    assert words in found.problems[0]
    assert "measured without it" in found.problems[0]
    assert found.problems[1] == f"Cortex-A72 (CPU {CPU}): something"


def test_a_child_that_dies_either_way_leaves_nothing_but_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    use_program(monkeypatch, "os.kill(os.getpid(), signal.SIGKILL)")
    found = measured()
    assert found.cores == ()
    assert found.timer is None
    assert found.canary is None
    assert "was not measured" in found.problems[-1]


def test_a_child_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    use_program(monkeypatch, "import time\ntime.sleep(60)")
    job = LimitsJob(core=None, cpu=None, use_numba=False, buffer_bytes=1, budget_s=1.0, page_bytes=4096)
    with pytest.raises(ChildError, match="did not end within 1 s"):
        ask.ask_child(job, limit_s=0.5 + 0.1)


def test_a_child_that_cannot_be_started_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "worker_command", lambda: ["/nonexistent/python"])
    assert "could not be started" in measured(use_numba=False).problems[0]


def test_children_get_one_thread_and_their_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    use_program(monkeypatch, f"assert os.environ['OPENBLAS_NUM_THREADS'] == '1' and job['cpu'] == {CPU}, job\n{ANSWER}")
    assert measured().cores == (FINDINGS.core,)


def test_without_memory_enough_numba_is_left_out_and_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    use_program(monkeypatch, f"assert job['use_numba'] is False\n{ANSWER}")
    monkeypatch.setattr(measure, "available_bytes", lambda: NUMBA_BYTES - 1)
    found = measured()
    assert found.cores == (FINDINGS.core,)
    assert found.problems[0] == "numba left out: 639 MiB of memory are available, it needs 640"
    assert not any(map(tells_of_failure, found.problems))
    assert "numba" not in "".join(measured(use_numba=False).problems)


def test_each_type_is_measured_on_the_last_of_its_cpus_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 4})
    small, big = (
        CoreType(name=name, implementer=None, part=None, cpus=cpus, source="test")
        for name, cpus in (("A55", (0, 1, 2, 3)), ("A76", (4, 5, 6, 7)))
    )
    assert choose_targets([small, big]) == (("A55", 2), ("A76", 4))
    problems: list[str] = []
    assert choose_targets([small, big], [0, 1], problems) == (("A55", 1),)
    assert problems == ["A76 was not measured: none of its CPUs may be used"]
    assert choose_targets([]) == ((None, None),)


def test_an_unknown_core_type_is_measured_unpinned(monkeypatch: pytest.MonkeyPatch) -> None:
    use_program(monkeypatch, f"assert job['cpu'] is None and job['core'] is None\n{ANSWER}")
    stages: list[str] = []
    found = measure_machine([], use_numba=False, on_stage=stages.append)
    assert found.cores == (FINDINGS.core,)
    assert stages == ["measuring what the CPU can do"]


@pytest.mark.slow
@pytest.mark.parametrize("use_numba", [False, True])
def test_this_machine_can_be_measured(use_numba: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if use_numba:
        pytest.importorskip("numba")
    limit = NUMBA_BYTES if use_numba else 120 << 20
    monkeypatch.setattr(measure, "available_bytes", lambda: limit)
    found = measure_machine([KIND], use_numba=use_numba, on_stage=lambda _: None)
    (core,) = found.cores
    assert (core.core, core.cpu) == ("Cortex-A72", CPU)
    assert core.method == ("pointer chase" if use_numba else "read bandwidth")
    assert bool(core.latencies) == use_numba
    for sizes in ([p.buffer_bytes for p in core.latencies], [p.buffer_bytes for p in core.bandwidths]):
        assert sizes == sorted(set(sizes))
        assert all(size <= limit / 4 for size in sizes)
    assert len(core.bandwidths) > 4
    assert all(point.latency_s > 0 for point in core.latencies)
    assert all(point.read_bytes_per_s > 0 and (point.copy_bytes_per_s or 0) > 0 for point in core.bandwidths)
    (peak,) = core.peaks
    assert peak.dtype is NumberFormat.FLOAT32
    assert peak.flops_per_s > 1e6
    assert found.timer is not None
    assert found.timer.resolution_s > 0
    assert found.canary is not None
    assert 0 < found.canary.best_s <= found.canary.median_s <= found.canary.p95_s
    assert not any("failed" in problem for problem in found.problems)
