"""A bundle of several number formats: a case for each, with files of its own. No file is opened here."""

import dataclasses

import msgspec
import pytest

from profiler.artifacts.bundle import open_bundle
from profiler.artifacts.controls import BUNDLE
from profiler.artifacts.records import Form, Manifest
from profiler.base.errors import BundleError
from profiler.judge.records import case_label
from profiler.measure.plan import make_plan, number_formats_in
from profiler.models.number_format import NumberFormat
from profiler.runtimes import RuntimeInfo, runtime_info
from profiler.runtimes.builtin import BUILT_IN
from profiler.session.records import Options
from tests.runs import options

FLOAT32, FLOAT64, INT8 = NumberFormat.FLOAT32, NumberFormat.FLOAT64, NumberFormat.INT8
MANIFEST = open_bundle(BUNDLE).manifest


def with_formats(*dtypes: NumberFormat) -> Manifest:
    """The control bundle as if it held every file in each of these; the path says which."""
    return msgspec.structs.replace(
        MANIFEST,
        artifacts=tuple(
            msgspec.structs.replace(one, dtype=dtype, path=f"{dtype}/{one.path}")
            for dtype in dtypes
            for one in MANIFEST.artifacts
        ),
        references=tuple(
            msgspec.structs.replace(one, dtype=dtype, path=f"{dtype}/{one.path}")
            for dtype in dtypes
            for one in MANIFEST.references
        ),
        identities=tuple(
            msgspec.structs.replace(one, dtype=dtype, path=f"{dtype}/{one.path}")
            for dtype in dtypes
            for one in MANIFEST.identities
        ),
    )


def asked(manifest: Manifest, *names: str) -> Options:
    return options(*names, forms=(Form.CONTROLLED,), dtypes=number_formats_in(manifest))


@pytest.fixture
def versatile(monkeypatch: pytest.MonkeyPatch) -> None:
    """ONNX Runtime as if it could run them all."""
    info = runtime_info("onnxruntime")
    monkeypatch.setitem(BUILT_IN, info.name, dataclasses.replace(info, dtypes=tuple(NumberFormat)))


def test_the_number_formats_of_a_bundle_are_those_of_its_weights() -> None:
    assert number_formats_in(MANIFEST) == (FLOAT32,)
    assert number_formats_in(with_formats(INT8, FLOAT32)) == (FLOAT32, INT8)
    assert number_formats_in(msgspec.structs.replace(MANIFEST, artifacts=())) == (FLOAT32,)


@pytest.mark.usefixtures("versatile")
def test_there_is_a_case_for_each_with_its_own_pair_answer_and_identity() -> None:
    manifest = with_formats(FLOAT32, FLOAT64, INT8)
    plan = make_plan(manifest, asked(manifest, "onnxruntime"))
    assert plan.left_out == ()
    assert len(plan.cases) == 3 * len(make_plan(MANIFEST, options("onnxruntime")).cases)
    assert len({planned.case.id for planned in plan.cases}) == len(plan.cases)
    for planned in plan.cases:
        dtype = planned.case.dtype
        assert {file.path.partition("/")[0] for file in planned.artifacts.values()} == {dtype}
        assert planned.reference.path.startswith(f"{dtype}/")
        assert planned.identity is not None
        assert planned.identity.path.startswith(f"{dtype}/")


@pytest.mark.usefixtures("versatile")
def test_a_runtime_that_cannot_run_one_is_left_out_for_it_and_named() -> None:
    manifest = with_formats(FLOAT32, FLOAT64)
    plan = make_plan(manifest, asked(manifest, "onnxruntime", "numpy"))
    assert plan.left_out == ("numpy with float64 weights: it can run float32",)
    assert {(one.case.runtime, one.case.dtype) for one in plan.cases} == {
        ("onnxruntime", FLOAT32), ("onnxruntime", FLOAT64), ("numpy", FLOAT32),
    }  # fmt: skip


@pytest.mark.usefixtures("versatile")
def test_what_is_missing_of_one_number_format_is_named_by_it() -> None:
    both = with_formats(FLOAT32, FLOAT64)
    wanted = asked(both, "onnxruntime")
    without = msgspec.structs.replace(both, artifacts=tuple(one for one in both.artifacts if one.dtype is FLOAT32))
    assert make_plan(without, wanted).left_out == (
        "onnxruntime: the bundle holds no float64 ONNX files in the form controlled",
    )
    without = msgspec.structs.replace(both, references=tuple(one for one in both.references if one.dtype is FLOAT64))
    (reason,) = make_plan(without, wanted).left_out
    assert reason.startswith("onnxruntime: the bundle lacks ONNX files of both layouts in the form controlled, or the")


def test_a_bundle_that_no_runtime_can_run_is_refused_with_the_reason() -> None:
    manifest = with_formats(INT8)
    with pytest.raises(BundleError, match="numpy with int8 weights: it can run float32"):
        make_plan(manifest, asked(manifest, "numpy"))


@pytest.mark.usefixtures("versatile")
def test_a_label_names_any_number_format_but_float32() -> None:
    manifest = with_formats(FLOAT32, INT8)
    labels = {
        one.case.dtype: case_label(one.case, one.workload.dimensions)
        for one in make_plan(manifest, asked(manifest, "onnxruntime")).cases
    }
    assert "int8" in labels[INT8]
    assert "float32" not in labels[FLOAT32]


def test_a_runtime_that_runs_what_is_no_number_format_is_refused() -> None:
    with pytest.raises(ValueError, match="'int3' is not a valid NumberFormat"):
        RuntimeInfo("x", "x:X", runtime_info("numpy").format, "numpy", dtypes=("int3",))  # type: ignore[arg-type]
