"""A format whose files are for one batch each: exported, planned and measured by the same code as the others."""

import dataclasses
from pathlib import Path

import pytest

from profiler.artifacts import formats
from profiler.artifacts.build import export_bundle
from profiler.artifacts.bundle import open_bundle
from profiler.artifacts.formats import Fixes, file_format
from profiler.measure.plan import make_plan
from profiler.models.layout import LinearShape
from profiler.models.workload import linear_workload
from tests.conftest import edit_manifest
from tests.runs import execute, options

LAYER = linear_workload(LinearShape(in_features=24, out_features=40), batch_shapes=((2,), (5, 3), (4,)))


@pytest.fixture
def fixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle of arrays, as if an array file were for one batch alone."""
    monkeypatch.setitem(formats.BUILT_IN, "arrays", dataclasses.replace(file_format("arrays"), fixes=Fixes.BATCH))
    export_bundle([LAYER], tmp_path / "bundle", suite="x", formats=["arrays"])
    return tmp_path / "bundle"


def test_there_is_a_file_for_each_batch_and_layout(fixed: Path) -> None:
    artifacts = open_bundle(fixed).manifest.artifacts
    assert [(found.layout, found.batch_shape, found.input_rank) for found in artifacts] == [
        (layout, batch, rank) for batch, rank in (((2,), 2), ((5, 3), 3), ((4,), 2)) for layout in ("out_in", "in_out")
    ]
    assert len({found.path for found in artifacts}) == 6
    assert artifacts[2].path.endswith("arrays-controlled-out_in-batch-5x3.npz")


def test_a_case_is_measured_with_the_files_of_its_batch(fixed: Path, tmp_path: Path) -> None:
    plan = make_plan(open_bundle(fixed).manifest, options("numpy"))
    assert plan.left_out == ()
    for planned in plan.cases:
        assert {found.batch_shape for found in planned.artifacts.values()} == {planned.case.batch_shape}
    _, session = execute(fixed, tmp_path / "s.jsonl", options("numpy", passes=1))
    assert not session.failures
    assert len(session.checks) == 3


def test_a_batch_without_its_file_is_left_out_and_named(fixed: Path) -> None:
    def lose(manifest: dict[str, list[dict[str, object]]]) -> None:
        manifest["artifacts"] = [found for found in manifest["artifacts"] if found["batch_shape"] != [4]]

    edit_manifest(fixed, lose)
    plan = make_plan(open_bundle(fixed).manifest, options("numpy"))
    assert {planned.case.batch_shape for planned in plan.cases} == {(2,), (5, 3)}
    assert plan.left_out[0].endswith("for linear-24x40 batch 4")
