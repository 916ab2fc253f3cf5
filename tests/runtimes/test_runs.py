"""Whole runs of the runtimes that are not measured by default: real workers, real files."""

from pathlib import Path
from typing import Any

import pytest

from profiler.base.errors import OptionError
from profiler.runtimes import DEFAULT_RUNTIMES, RUNTIMES
from profiler.session.arms import ARMS
from profiler.session.file import load_session
from profiler.session.records import EndReason, ExecutedLayout, Team
from tests.runs import execute, options

OTHERS = [info.name for info in RUNTIMES if info not in DEFAULT_RUNTIMES]


@pytest.mark.slow
@pytest.mark.parametrize(("forked", "names"), [(True, OTHERS), (False, ["eager", "reference-dot"])])
def test_every_other_runtime_measures_every_case(
    exported: Path, tmp_path: Path, forked: bool, names: list[str]
) -> None:
    end, session = execute(exported, tmp_path / "s.jsonl", options(*names, passes=1, cost_passes=1, forked=forked))
    assert end.reason is EndReason.COMPLETE
    assert not session.failures, session.failures
    assert len(session.checks) == len(session.blocks) == len(session.costs) == 4 * len(names)
    for block in session.blocks:
        (arm_set,) = block.sets
        assert set(arm_set.slices_ns) == set(ARMS)
        assert len(arm_set.identity_ns) == 3
    for check in session.checks:
        assert all(arm.max_error <= arm.tolerance for arm in check.arms)
        if check.case.startswith("torchscript-optimized/"):
            assert {arm.executed.layout for arm in check.arms} == {ExecutedLayout.IN_OUT}
    assert load_session(tmp_path / "s.jsonl").checks == session.checks


def test_what_uses_one_thread_is_left_out_with_more_and_said(exported: Path, tmp_path: Path) -> None:
    chosen = options("reference-dot", "numpy", passes=1, threads=(1, 2))
    _, session = execute(exported, tmp_path / "s.jsonl", chosen)
    assert {case.team for case in session.header.cases} == {
        Team("reference-dot", 1), Team("numpy", 1), Team("numpy", 2),
    }  # fmt: skip
    assert session.header.left_out == ("reference-dot with 2 threads: it can use 1",)
    assert not session.failures
    with pytest.raises(OptionError, match=r"reference-dot with 2 threads: it can use 1; use fewer --threads"):
        execute(exported, tmp_path / "t.jsonl", options("reference-dot", passes=1, threads=(2,)))


def test_the_help_of_run_names_the_default_runtimes_and_stays_light(cli: Any) -> None:
    outcome = cli("run", "--help")
    assert outcome.status == 0
    assert "onnxruntime-unpacked" in outcome.out
