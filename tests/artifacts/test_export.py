from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from profiler.artifacts import build, sizes
from profiler.artifacts.bundle import open_bundle
from profiler.artifacts.formats import file_format
from profiler.artifacts.onnx.write import controlled_onnx
from profiler.artifacts.protocol import Inputs
from profiler.artifacts.records import Artifact, Form
from profiler.artifacts.references import compute_reference
from profiler.artifacts.sizes import refuse_oversize
from profiler.artifacts.targets import Target, identity_name, reference_name
from profiler.artifacts.verify import verify_artifact
from profiler.artifacts.weights import draw_network, in_number_format, out_in_layers
from profiler.base.errors import ExportError, MemoryNeedError, OutputError
from profiler.models.layout import LinearShape, WeightLayout
from profiler.models.number_format import NumberFormat
from profiler.models.suite import load_suite
from profiler.models.weight import Layer
from profiler.models.workload import Activation, Workload, linear_workload, network_layers

OUT_IN, IN_OUT = WeightLayout.OUT_IN, WeightLayout.IN_OUT


def artifacts(bundle: Path) -> list[Artifact]:
    return list(open_bundle(bundle).manifest.artifacts)


def test_every_format_form_and_layout_is_there(exported: Path) -> None:
    kinds = {(a.workload, a.format, a.form, a.layout, a.input_rank) for a in artifacts(exported)}
    assert len(kinds) == len(artifacts(exported)) == 2 * (8 + 4 + 2)


def test_controlled_files_keep_their_layout_for_every_input_rank(exported: Path) -> None:
    controlled = [a for a in artifacts(exported) if a.form is Form.CONTROLLED]
    assert {a.input_rank for a in controlled} == {2, 3, None}
    assert all(a.stored_layout is a.layout and not a.notes for a in controlled)


def test_controlled_pairs_hold_the_same_operators(exported: Path) -> None:
    pairs: dict[object, set[tuple[str, ...]]] = {}
    for a in artifacts(exported):
        if a.form is Form.CONTROLLED:
            pairs.setdefault((a.workload, a.format, a.input_rank), set()).add(a.operators)
    assert all(len(operators) == 1 for operators in pairs.values())


def test_controlled_onnx_pairs_differ_in_the_flag_and_the_bytes_alone(exported: Path) -> None:
    for layout, flag, dims in ((OUT_IN, 1, [40, 24]), (IN_OUT, 0, [24, 40])):
        model = onnx.load(exported / f"linear-24x40/onnx-controlled-{layout}-rank2.onnx")
        (node,) = model.graph.node
        assert node.op_type == "Gemm"
        assert {a.name: a.i for a in node.attribute}.get("transB", 0) == flag
        assert list(model.graph.initializer[0].dims) == dims


def test_controlled_torchscript_keeps_the_strides_of_the_stored_layout(exported: Path) -> None:
    found = {}
    for layout in WeightLayout:
        module = torch.jit.load(exported / f"linear-24x40/torchscript-controlled-{layout}.pt")
        (node,) = [n for n in module.inlined_graph.nodes() if n.kind() == "aten::linear"]
        weight = list(node.inputs())[1].toIValue()
        assert tuple(weight.shape) == (40, 24)
        found[layout] = weight.stride()
    assert found == {OUT_IN: (24, 1), IN_OUT: (1, 40)}


def test_an_exporter_that_rewrites_is_kept_and_says_so(exported: Path) -> None:
    """torch's exporter turns nn.Linear over a rank-3 input into MatMul over a transposed weight."""
    (rewritten,) = [
        a
        for a in artifacts(exported)
        if (a.workload, a.format, a.form, a.layout, a.input_rank) == ("linear-24x40", "onnx", Form.IDIOMATIC, OUT_IN, 3)
    ]
    assert rewritten.stored_layout is IN_OUT
    assert "rewritten" in rewritten.notes[0]
    assert rewritten.operators == ("MatMul", "Add")


def test_the_manifest_hashes_every_file(exported: Path) -> None:
    opened = open_bundle(exported)
    files = {path for path in exported.rglob("*") if path.is_file()}
    entries = opened.manifest.entries
    opened.verify(entries)
    named = {exported / entry.path for entry in entries}
    assert files == named | {exported / "manifest.json"}


def test_the_same_seed_gives_the_same_weights_whatever_else_is_in_the_suite() -> None:
    workload = linear_workload(LinearShape(in_features=5, out_features=4), batch_shapes=((1,),))
    one, other = (out_in_layers(draw_network(workload, seed=seed))[0].weight.values for seed in (1, 1))
    assert np.array_equal(one, other)
    assert not np.array_equal(one, out_in_layers(draw_network(workload, seed=2))[0].weight.values)


@given(
    st.lists(st.integers(1, 64), min_size=2, max_size=6).map(tuple),
    st.sampled_from(list(Activation)),
    st.sampled_from(list(Activation)),
    st.booleans(),
)
@settings(deadline=None, max_examples=40)
def test_float32_stays_within_the_tolerance_and_a_swapped_weight_does_not(
    widths: tuple[int, ...], hidden: Activation, output: Activation, bias: bool
) -> None:
    workload = Workload(name="x", layers=network_layers(widths, bias=bias), hidden=hidden, output=output)
    network = draw_network(workload, seed=1)
    answer = compute_reference(workload, out_in_layers(network), (6,), seed=1)
    with torch.no_grad():
        error = np.abs(network(torch.from_numpy(answer.x)).numpy() - answer.y)
    assert (error <= answer.tolerance).all()


def test_an_answer_from_other_weights_is_outside_the_tolerance() -> None:
    workload = linear_workload(LinearShape(in_features=64, out_features=64), batch_shapes=((8,),))
    layers = out_in_layers(draw_network(workload, seed=1))
    answer = compute_reference(workload, layers, (8,), seed=1)
    wrong = answer.x @ layers[0].weight.values + layers[0].bias
    assert (np.abs(wrong - answer.y) > answer.tolerance).mean() > 0.99


def entry(layout: WeightLayout) -> Artifact:
    return Artifact(
        path="x", sha256="", size_bytes=0, format="onnx", form=Form.CONTROLLED, layout=layout,
        workload="x", input_rank=2, dtype=NumberFormat.FLOAT32,
        operators=(), layers=(), stored_layout=None, max_error=0,
        tolerance=0,
    )  # fmt: skip


def test_a_controlled_file_that_stores_the_other_layout_does_not_pass_its_proof(tmp_path: Path) -> None:
    workload = linear_workload(LinearShape(in_features=8, out_features=8), batch_shapes=((2,),))
    layers = out_in_layers(draw_network(workload, seed=1))
    answers = [compute_reference(workload, layers, (2,), seed=1)]
    path = tmp_path / "x.onnx"
    path.write_bytes(controlled_onnx(workload, layers, IN_OUT, input_rank=2))
    verify_artifact(path, entry(IN_OUT), workload, layers, answers)
    with pytest.raises(ExportError, match="exported as out_in but stores in_out"):
        verify_artifact(path, entry(OUT_IN), workload, layers, answers)


def test_a_square_file_with_the_flag_turned_does_not_pass_its_proof(tmp_path: Path) -> None:
    workload = linear_workload(LinearShape(in_features=8, out_features=8), batch_shapes=((2,),))
    layers = out_in_layers(draw_network(workload, seed=1))
    model = onnx.load_from_string(controlled_onnx(workload, layers, IN_OUT, input_rank=2))
    model.graph.node[0].attribute[0].i = 1
    path = tmp_path / "x.onnx"
    onnx.save(model, path)
    with pytest.raises(ExportError, match="does not store weight 0 as out_in"):
        verify_artifact(path, entry(OUT_IN), workload, layers, [compute_reference(workload, layers, (2,), seed=1)])


def test_a_file_with_another_bias_does_not_pass_its_proof(tmp_path: Path) -> None:
    workload = linear_workload(LinearShape(in_features=8, out_features=8), batch_shapes=((2,),))
    layers = out_in_layers(draw_network(workload, seed=1))
    path = tmp_path / "x.onnx"
    (layer,) = layers
    assert layer.bias is not None
    path.write_bytes(controlled_onnx(workload, [Layer(layer.weight, layer.bias + 1)], OUT_IN, input_rank=2))
    with pytest.raises(ExportError, match="is off by"):
        verify_artifact(path, entry(OUT_IN), workload, layers, [compute_reference(workload, layers, (2,), seed=1)])


def test_a_shape_larger_than_memory_is_refused_before_anything_is_allocated(tmp_path: Path) -> None:
    (workload,) = load_suite("seed-linear").workloads()
    with pytest.raises(MemoryNeedError, match=r"needs about 4\.\d GiB"):
        refuse_oversize(workload, available_bytes=1 << 30)
    huge = linear_workload(LinearShape(in_features=10**9, out_features=10**9), batch_shapes=((1,),))
    with pytest.raises(MemoryNeedError, match="GiB"):
        build.export_bundle([huge], tmp_path / "b", suite="x")
    assert not list(tmp_path.iterdir())


def test_an_onnx_file_beyond_two_gigabytes_is_refused() -> None:
    workload = linear_workload(LinearShape(in_features=30_000, out_features=30_000), batch_shapes=((1,),))
    with pytest.raises(ExportError, match="2 GiB"):
        controlled_onnx(workload, [], OUT_IN, input_rank=2)


def test_a_disk_too_small_is_refused_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(sizes.shutil, "disk_usage", lambda _: usage)  # type: ignore[attr-defined]
    workload = linear_workload(LinearShape(in_features=64, out_features=64), batch_shapes=((1,),))
    with pytest.raises(OutputError, match="MiB are free"):
        build.export_bundle([workload], tmp_path / "b", suite="x", formats=["arrays"])
    assert not list(tmp_path.iterdir())


def test_a_layer_with_one_output_passes_in_both_layouts(tmp_path: Path) -> None:
    workload = linear_workload(LinearShape(in_features=9, out_features=1), batch_shapes=((1,),))
    manifest = build.export_bundle([workload], tmp_path / "b", suite="x")
    assert len(manifest.artifacts) == 10


@pytest.mark.parametrize(
    ("named", "dtype", "told"),
    [
        ("onnx", NumberFormat.INT8, "ONNX files hold no int8 weights, only float32"),
        ("arrays", NumberFormat.FLOAT64, "arrays hold no float64 weights, only float32"),
    ],
)
def test_a_number_format_that_a_file_format_cannot_hold_is_refused(
    tmp_path: Path, named: str, dtype: NumberFormat, told: str
) -> None:
    workload = linear_workload(LinearShape(in_features=9, out_features=1), batch_shapes=((1,),))
    with pytest.raises(ExportError, match=told):
        build.export_bundle([workload], tmp_path / "b", suite="x", formats=[named], dtypes=[dtype])
    assert not (tmp_path / "b").exists()


def test_names_tell_number_formats_apart_and_float32_goes_without_saying() -> None:
    onnx_format = file_format("onnx")
    names = [
        Target(onnx_format, Form.CONTROLLED, OUT_IN, Inputs(2), dtype).file_name
        for dtype in (NumberFormat.FLOAT32, NumberFormat.INT8)
    ]
    assert names == ["onnx-controlled-out_in-rank2.onnx", "onnx-controlled-out_in-rank2-int8.onnx"]
    assert len({reference_name((8,), dtype) for dtype in NumberFormat}) == len(NumberFormat)
    assert len({identity_name(onnx_format, Inputs(2), dtype) for dtype in NumberFormat}) == len(NumberFormat)


def test_sizes_go_by_the_number_format() -> None:
    workload = linear_workload(LinearShape(in_features=1000, out_features=1000), batch_shapes=((1,),))
    needed = [sizes.needed_bytes(workload, [dtype]) for dtype in (NumberFormat.FLOAT32, NumberFormat.FLOAT64)]
    assert needed[1] - needed[0] == sizes.WEIGHT_COPIES * 4_000_000
    targets = [Target(file_format("arrays"), Form.CONTROLLED, OUT_IN, Inputs(), NumberFormat.INT4)]
    assert sizes.bundle_bytes(workload, targets, []) == 500_000


@pytest.mark.parametrize("dtype", [NumberFormat.FLOAT64, NumberFormat.FLOAT16])
def test_the_tolerance_goes_by_the_number_format_that_activations_are_in(dtype: NumberFormat) -> None:
    workload = Workload(name="x", layers=network_layers((64, 32, 8)), hidden=Activation.TANH)
    layers = out_in_layers(draw_network(workload, seed=1))
    usual = compute_reference(workload, layers, (4,), seed=1)
    other = compute_reference(workload, layers, (4,), seed=1, dtype=dtype)
    assert other.x.dtype.name == dtype
    assert usual.tolerance.dtype == other.tolerance.dtype == np.float64
    assert dtype.unit_roundoff is not None
    ratio = np.median(other.tolerance / usual.tolerance)
    assert ratio == pytest.approx(dtype.unit_roundoff * 2**24, rel=0.1)


def test_values_are_rounded_to_a_number_format_and_made_in_no_format_without_exponent() -> None:
    workload = linear_workload(LinearShape(in_features=9, out_features=4), batch_shapes=((1,),))
    network = draw_network(workload, seed=1)
    assert in_number_format(network, NumberFormat.FLOAT32) is network
    wide = in_number_format(network, NumberFormat.FLOAT64).with_layout(IN_OUT)
    (layer,) = out_in_layers(wide, NumberFormat.FLOAT64)
    assert np.array_equal(layer.weight.values, out_in_layers(network)[0].weight.values)
    for dtype in (NumberFormat.INT8, NumberFormat.BFLOAT16):
        with pytest.raises(ExportError, match=f"no weights can be made in {dtype}"):
            in_number_format(network, dtype)
