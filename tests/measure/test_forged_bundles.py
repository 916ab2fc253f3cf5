"""Bundles that lie, with hashes made to fit: each is refused, or fails alone, before anything is timed."""

import dataclasses
import io
import json
from pathlib import Path

import numpy as np
import pytest

from profiler.artifacts.onnx.identity import write_identity
from profiler.artifacts.protocol import Inputs
from profiler.artifacts.records import Form
from profiler.base.errors import ArtifactError, BundleError
from profiler.models.layout import LinearShape
from profiler.models.number_format import NumberFormat
from profiler.models.workload import linear_workload
from profiler.runtimes import runtime_info
from profiler.runtimes.builtin import BUILT_IN
from tests.conftest import replace_file
from tests.runs import execute, options


def test_a_file_that_stores_the_other_layout_than_its_manifest_claims_is_refused(bundle: Path, tmp_path: Path) -> None:
    name = "linear-24x40/onnx-controlled-{}-rank2.onnx"
    replace_file(bundle, name.format("out_in"), (bundle / name.format("in_out")).read_bytes())
    with pytest.raises(ArtifactError, match=r"stores .*in_out.*claims .*out_in"):
        execute(bundle, tmp_path / "s.jsonl", options("onnxruntime", passes=1))
    assert not (tmp_path / "s.jsonl").exists()


def arrays_of(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def npz(arrays: dict[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def test_nan_weights_are_refused(bundle: Path, tmp_path: Path) -> None:
    name = "iris/arrays-controlled-in_out.npz"
    arrays = arrays_of(bundle / name)
    arrays["weight_1"][0, 0] = np.nan
    replace_file(bundle, name, npz(arrays))
    with pytest.raises(ArtifactError, match="NaN"):
        execute(bundle, tmp_path / "s.jsonl", options("numpy", passes=1))
    assert not (tmp_path / "s.jsonl").exists()


def test_a_damaged_answer_is_refused(bundle: Path, tmp_path: Path) -> None:
    replace_file(bundle, "iris/reference-batch-1.npz", b"PK")
    with pytest.raises(ArtifactError, match="as a reference"):
        execute(bundle, tmp_path / "s.jsonl", options("numpy", passes=1))


def test_wrong_answers_are_a_failure_and_never_a_time(bundle: Path, tmp_path: Path) -> None:
    """An answer file that contradicts the artifacts: nothing of that case may be timed."""
    name = "iris/reference-batch-1.npz"
    arrays = arrays_of(bundle / name)
    replace_file(bundle, name, npz({**arrays, "y": arrays["y"] + 1}))
    _, session = execute(bundle, tmp_path / "s.jsonl", options("numpy", passes=1))
    (failure,) = session.failures
    assert "off by" in failure.message
    assert failure.case not in {block.case for block in session.blocks}


def test_a_bundle_without_the_needed_format_is_refused(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="nothing that numpy can measure"):
        execute(exported, tmp_path / "s.jsonl", options("numpy", passes=1, forms=(Form.IDIOMATIC,)))


def test_a_file_that_one_runtime_refuses_costs_that_case_alone(bundle: Path, tmp_path: Path) -> None:
    """An operator set newer than the runtime, as a laptop may export for a board."""
    import onnx

    for layout in ("out_in", "in_out"):
        name = f"iris/onnx-controlled-{layout}-rank2.onnx"
        model = onnx.load(bundle / name)
        model.opset_import[0].version = 999
        replace_file(bundle, name, model.SerializeToString())
    _, session = execute(bundle, tmp_path / "s.jsonl", options("onnxruntime", "numpy", passes=1))
    (failure,) = session.failures
    assert "ONNX Runtime refuses" in failure.message
    assert len(session.blocks) == 2 * 4 - 1


def forge(bundle: Path, **changes: object) -> None:
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    for entry in manifest["artifacts"]:
        if entry["format"] == "arrays":
            entry.update(changes)
    path.write_text(json.dumps(manifest))


@pytest.mark.parametrize("changes", [{"stored_layout": "in_out"}, {"layers": []}, {"operators": ["x"]}])
def test_claims_that_the_files_do_not_bear_out_are_refused(
    bundle: Path, tmp_path: Path, changes: dict[str, object]
) -> None:
    forge(bundle, **changes)
    with pytest.raises(ArtifactError, match="claim"):
        execute(bundle, tmp_path / "s.jsonl", options("numpy", passes=1))


def test_a_number_format_that_this_program_does_not_know_is_refused(bundle: Path, tmp_path: Path) -> None:
    forge(bundle, dtype="int3")
    with pytest.raises(BundleError, match=r"no valid manifest: Invalid enum value 'int3'"):
        execute(bundle, tmp_path / "s.jsonl", options("numpy", passes=1))


def test_a_number_format_that_no_runtime_can_run_is_refused(bundle: Path, tmp_path: Path) -> None:
    forge(bundle, dtype="int8")
    with pytest.raises(BundleError, match="holds nothing that numpy can measure"):
        execute(bundle, tmp_path / "s.jsonl", options("numpy", passes=1))
    with pytest.raises(BundleError, match="numpy with int8 weights: it can run float32"):
        execute(bundle, tmp_path / "s.jsonl", options("numpy", passes=1, dtypes=(NumberFormat.INT8,)))


def test_float32_files_that_are_forged_to_be_of_a_format_that_can_be_run_are_refused(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = runtime_info("numpy")
    monkeypatch.setitem(BUILT_IN, info.name, dataclasses.replace(info, dtypes=(NumberFormat.FLOAT64,)))
    forge(bundle, dtype="float64")
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    for entry in manifest["references"]:
        entry["dtype"] = "float64"
    path.write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match="is a reference for float32 inputs, not float64"):
        execute(bundle, tmp_path / "s.jsonl", options("numpy", passes=1, dtypes=(NumberFormat.FLOAT64,)))


def test_a_manifest_that_claims_other_shapes_or_batches_is_refused(bundle: Path, tmp_path: Path) -> None:
    path = bundle / "manifest.json"
    text = path.read_text()
    for change, complaint in (
        (lambda m: m["workloads"][1]["layers"][0].update(in_features=1000), "not"),
        (
            lambda m: (m["references"][2].update(batch_shape=[1000]), m["workloads"][1].update(batch_shapes=[[1000]])),
            "not",
        ),
    ):
        manifest = json.loads(text)
        change(manifest)
        path.write_text(json.dumps(manifest))
        with pytest.raises(ArtifactError, match=complaint):
            execute(bundle, tmp_path / "s.jsonl", options("numpy", passes=1))


def test_a_pair_with_other_operators_is_no_controlled_pair(bundle: Path, tmp_path: Path) -> None:
    """The idiomatic in_out file under the controlled one's name, with the manifest made to fit."""
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    entries = {entry["path"]: entry for entry in manifest["artifacts"]}
    idiomatic = entries["iris/torchscript-idiomatic-in_out.pt"]
    manifest["artifacts"] = [
        {**idiomatic, "form": "controlled"} if entry["path"] == "iris/torchscript-controlled-in_out.pt" else entry
        for entry in manifest["artifacts"]
        if entry is not idiomatic
    ]
    path.write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match="no controlled pair"):
        execute(bundle, tmp_path / "s.jsonl", options("torchscript", passes=1))


@pytest.mark.parametrize(
    ("runtime", "identity", "layer"),
    [
        ("onnxruntime", "onnx-identity-rank2.onnx", "onnx-controlled-out_in-rank2.onnx"),
        ("torchscript", "torchscript-identity.pt", "torchscript-controlled-out_in.pt"),
    ],
)
def test_a_layer_in_the_place_of_an_identity_model_is_refused(
    bundle: Path, tmp_path: Path, runtime: str, identity: str, layer: str
) -> None:
    """Its time would be taken off both layouts as overhead."""
    replace_file(bundle, f"linear-24x40/{identity}", (bundle / "linear-24x40" / layer).read_bytes())
    with pytest.raises(ArtifactError, match="is no identity model"):
        execute(bundle, tmp_path / "s.jsonl", options(runtime, passes=1))
    assert not (tmp_path / "s.jsonl").exists()


def test_an_identity_model_of_another_shape_is_a_failure_and_never_a_time(bundle: Path, tmp_path: Path) -> None:
    other = linear_workload(LinearShape(in_features=24, out_features=39), batch_shapes=((1,),))
    write_identity(other, tmp_path / "other.onnx", dtype=NumberFormat.FLOAT32, inputs=Inputs(2))
    replace_file(bundle, "linear-24x40/onnx-identity-rank2.onnx", (tmp_path / "other.onnx").read_bytes())
    _, session = execute(bundle, tmp_path / "s.jsonl", options("onnxruntime", passes=1))
    (failure,) = session.failures
    assert "does not hand its input on" in failure.message
    assert failure.case is not None
    assert "/linear-24x40/b1/" in failure.case
    assert failure.case not in {block.case for block in session.blocks}
    assert len(session.blocks) == 3
