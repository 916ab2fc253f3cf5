"""What a run measures of a bundle with the runtimes that are installed, and the reasons for all it leaves out."""

from collections.abc import Callable, Iterable

import msgspec
import pytest

from profiler.artifacts.bundle import open_bundle
from profiler.artifacts.controls import BUNDLE
from profiler.artifacts.records import Artifact, Form, Manifest
from profiler.base.errors import BundleError
from profiler.measure.plan import make_plan
from profiler.runtimes import DEFAULT_RUNTIMES, RuntimeInfo, runtime_info
from tests.runs import options

MANIFEST = open_bundle(BUNDLE).manifest
NAMES = tuple(info.name for info in DEFAULT_RUNTIMES)


def only(keep: Callable[[Artifact], bool]) -> Manifest:
    return msgspec.structs.replace(MANIFEST, artifacts=tuple(item for item in MANIFEST.artifacts if keep(item)))


def left_out(
    manifest: Manifest, *names: str, missing: Iterable[str] = (), forms: tuple[Form, ...] = (Form.CONTROLLED,)
) -> tuple[str, ...]:
    infos: list[RuntimeInfo] = [runtime_info(name) for name in missing]
    return make_plan(manifest, options(*names, forms=forms), not_installed=infos).left_out


def test_a_bundle_of_everything_is_measured_by_everything() -> None:
    assert left_out(MANIFEST, *NAMES) == ()
    runtimes = [planned.case.runtime for planned in make_plan(MANIFEST, options(*NAMES)).cases]
    assert set(runtimes) == set(NAMES)


def test_what_is_not_installed_is_named_with_its_package() -> None:
    assert left_out(MANIFEST, "numpy", missing=["onnxruntime", "torchscript"]) == (
        "onnxruntime: onnxruntime is not installed",
        "torchscript: torch is not installed",
    )


def test_installing_is_not_advised_where_the_bundle_has_nothing_for_it() -> None:
    manifest = only(lambda item: item.format == "arrays")
    assert left_out(manifest, "onnxruntime", "numpy", missing=["torchscript"]) == (
        "onnxruntime: the bundle holds no ONNX files",
        "torchscript: torch is not installed, and the bundle holds nothing for it",
    )


def test_a_form_that_is_not_there_is_named_for_each_runtime() -> None:
    assert left_out(MANIFEST, "onnxruntime", "numpy", forms=(Form.CONTROLLED, Form.IDIOMATIC)) == (
        "onnxruntime: the bundle holds no ONNX files in the form idiomatic",
        "numpy: the bundle holds no arrays in the form idiomatic",
    )


def test_a_layer_that_lacks_a_layout_or_its_answer_is_named_and_the_others_are_measured() -> None:
    lost = next(item for item in MANIFEST.artifacts if item.format == "arrays")
    manifest = only(lambda item: item is not lost)
    (reason,) = left_out(manifest, "numpy", "onnxruntime")
    assert reason.startswith(
        "numpy: the bundle lacks arrays of both layouts in the form controlled, or the answer, for "
    )
    assert reason.endswith(f"for {lost.workload} batch 1, {lost.workload} batch 8")
    cases = make_plan(manifest, options("numpy")).cases
    assert {planned.case.workload for planned in cases} == {w.name for w in MANIFEST.workloads} - {lost.workload}
    without_answer = msgspec.structs.replace(MANIFEST, references=MANIFEST.references[1:])
    (reason,) = left_out(without_answer, "numpy")
    answer = MANIFEST.references[0]
    assert reason.endswith(f"for {answer.workload} batch {answer.batch_shape[0]}")


def test_of_many_the_first_are_named_and_the_others_counted() -> None:
    workload = MANIFEST.workloads[0]
    batches = tuple((size,) for size in range(1, 8))
    many = msgspec.structs.replace(
        MANIFEST, workloads=(msgspec.structs.replace(workload, batch_shapes=batches), *MANIFEST.workloads[1:])
    )
    (reason,) = left_out(many, "numpy")
    listed = ", ".join(f"{workload.name} batch {size}" for size in (2, 3, 4, 5))
    assert reason.endswith(f"for {listed} and 2 more")


def test_where_nothing_remains_all_reasons_and_the_way_out_are_in_one_line() -> None:
    manifest = only(lambda item: item.format == "torchscript")
    with pytest.raises(BundleError) as caught:
        left_out(manifest, "onnxruntime", "numpy", missing=["torchscript"])
    assert str(caught.value) == (
        "the bundle holds nothing that onnxruntime, numpy can measure: onnxruntime: the bundle holds no ONNX files; "
        "numpy: the bundle holds no arrays; torchscript: torch is not installed; export it with what it lacks "
        "(arrays need numpy alone), or install what would measure it"
    )
