"""What each runtime executes for each stored layout: a table, pinned for the versions in `constraints.txt`."""

import importlib.metadata
from collections.abc import Callable
from pathlib import Path

import pytest

from profiler.artifacts.bundle import open_bundle
from profiler.artifacts.records import Form
from profiler.models.layout import WeightLayout
from profiler.runtimes import RUNTIMES, Runtime, runtime_info
from profiler.runtimes.rewriting import changed_operators
from profiler.session.records import Executed, ExecutedLayout

OUT_IN, IN_OUT = WeightLayout.OUT_IN, WeightLayout.IN_OUT
MakeRuntime = Callable[[str], Runtime]
Row = tuple[str, str, str, int | None]  # executed layout, operator, what was rewritten, copies beside

TAKEN_WITH = {
    "onnxruntime": ("1.31.1",),
    "torch": ("2.13.0",),  # not with 2.9.1, which 64-bit Arm gets
    "numpy": ("2.4.6",),
    "numba": ("0.68.1",),
}
_GEMMS: dict[WeightLayout, Row] = {
    OUT_IN: ("packed", "Gemm(transB=1)", "", None),
    IN_OUT: ("packed", "Gemm(transB=0)", "", None),
}
_TO_MATMUL = "aten::linear -> aten::matmul, aten::add"
_TILES = "for tile of 32x32: copy, then for row: for in: for out"
LINEAR: dict[str, dict[WeightLayout, Row]] = {
    "onnxruntime": _GEMMS,
    "onnxruntime-disabled": _GEMMS,
    "onnxruntime-basic": _GEMMS,
    "onnxruntime-extended": _GEMMS,
    "onnxruntime-unpacked": {
        OUT_IN: ("out_in", "Gemm(transB=1)", "", None),
        IN_OUT: ("in_out", "Gemm(transB=0)", "", None),
    },
    "torchscript": {
        OUT_IN: ("out_in", "aten::linear (contiguous)", "", 0),
        IN_OUT: ("in_out", "aten::linear (transposed view)", "", 0),
    },
    "torchscript-optimized": {
        OUT_IN: ("in_out", "aten::matmul (contiguous)", f"{_TO_MATMUL}; weights copied in the other order", 1),
        IN_OUT: ("in_out", "aten::matmul (contiguous)", _TO_MATMUL, 1),
    },
    "eager": {OUT_IN: ("out_in", "F.linear (aten::addmm)", "", 0), IN_OUT: ("in_out", "x @ W (aten::mm)", "", 0)},
    "eager-linear": {
        OUT_IN: ("out_in", "F.linear (aten::addmm)", "", 0),
        IN_OUT: ("in_out", "F.linear (aten::addmm)", "", 0),
    },
    "eager-view": {
        OUT_IN: ("out_in", "x @ W.T, viewed at every call", "", 0),
        IN_OUT: ("out_in", "x @ W.T, viewed once", "weights copied in the other order at load", 0),
    },
    **{
        name: {OUT_IN: ("out_in", "F.linear (aten::addmm)", "", 0), IN_OUT: ("in_out", "x @ W (aten::addmm)", "", 0)}
        for name in ("train-forward", "train-backward", "train-step")
    },
    "numpy": {OUT_IN: ("out_in", "x @ W.T", "", 0), IN_OUT: ("in_out", "x @ W", "", 0)},
    "reference-dot": {layout: (layout.value, "for row: for out: for in", "", 0) for layout in WeightLayout},
    "reference-row": {layout: (layout.value, "for row: for in: for out", "", 0) for layout in WeightLayout},
    "reference-blocked": {layout: (layout.value, _TILES, "", 0) for layout in WeightLayout},
}
IRIS: dict[str, dict[WeightLayout, Row]] = {
    **LINEAR,
    **{
        name: {
            OUT_IN: (layouts[0], "FusedGemm(transB=1), Gemm(transB=1)", "Gemm, Tanh -> FusedGemm", None),
            IN_OUT: (layouts[1], "FusedGemm(transB=0), Gemm(transB=0)", "Gemm, Tanh -> FusedGemm", None),
        }
        for name, layouts in {
            "onnxruntime": ("packed", "packed"),
            "onnxruntime-extended": ("packed", "packed"),
            "onnxruntime-unpacked": ("out_in", "in_out"),
        }.items()
    },
}


def explain_difference(runtime: str, layout: WeightLayout, row: Row, executed: Executed) -> str:
    package = runtime_info(runtime).package
    return (
        f"{package} {importlib.metadata.version(package)} executes {layout} files in {runtime} as {executed}, and not "
        f"as {row}, which {package} {' and '.join(TAKEN_WITH[package])} did: if that version is new, see what it does, "
        "then correct this table, the version above and what docs/evidence says of the runtime"
    )


@pytest.mark.parametrize("name", [info.name for info in RUNTIMES])
@pytest.mark.parametrize(("case", "table"), [("linear-24x40", LINEAR), ("iris", IRIS)])
def test_what_each_runtime_executes(
    exported: Path, make_runtime: MakeRuntime, name: str, case: str, table: dict[str, dict[WeightLayout, Row]]
) -> None:
    runtime, bundle = make_runtime(name), open_bundle(exported)
    item = next(item for item in bundle.manifest.workloads if item.name == case)
    seen = set()
    for artifact in bundle.manifest.artifacts:
        if (artifact.format, artifact.form, artifact.workload) == (runtime_info(name).format, Form.CONTROLLED, case):
            executed = runtime.load(bundle.path_of(artifact), item, threads=1).executed()
            found = (executed.layout.value, executed.operator, executed.rewritten, executed.extra_copies)
            row = table[name][artifact.layout]
            assert found == row, explain_difference(name, artifact.layout, row, executed)
            assert executed.known_by
            seen.add(artifact.layout)
    assert seen == set(WeightLayout)


def test_the_table_was_taken_with_the_versions_that_are_installed_by_the_constraints() -> None:
    lines = Path("constraints.txt").read_text().splitlines()
    for package, versions in TAKEN_WITH.items():
        pinned = {line.split(";")[0].strip().split("==")[1] for line in lines if line.startswith(f"{package}==")}
        assert set(versions) <= pinned, f"constraints.txt pins {package} {pinned}: run these tests with it, then say so"


def test_both_arms_of_optimized_torchscript_execute_one_layout_over_copies(
    ranks: Path, make_runtime: MakeRuntime
) -> None:
    runtime, bundle = make_runtime("torchscript-optimized"), open_bundle(ranks)
    for item in bundle.manifest.workloads:
        if not item.layout_matters:
            continue
        layouts = {
            runtime.load(bundle.path_of(artifact), item, threads=1).executed().layout
            for artifact in bundle.manifest.artifacts
            if (artifact.format, artifact.workload) == (runtime_info("torchscript-optimized").format, item.name)
        }
        assert layouts == {ExecutedLayout.IN_OUT}


@pytest.mark.parametrize("form", Form)
def test_idiomatic_files_in_torchscript_keep_their_operators(
    exported: Path, make_runtime: MakeRuntime, form: Form
) -> None:
    """`x @ W + b` stays a matmul; optimised, it needs no copy, since it has its layout already."""
    bundle = open_bundle(exported)
    item = next(item for item in bundle.manifest.workloads if item.name == "linear-24x40")
    path = exported / "linear-24x40" / f"torchscript-{form}-in_out.pt"
    plain = make_runtime("torchscript").load(path, item, threads=1).executed()
    optimized = make_runtime("torchscript-optimized").load(path, item, threads=1).executed()
    assert plain.layout is optimized.layout is ExecutedLayout.IN_OUT
    assert optimized.extra_copies == (0 if form is Form.IDIOMATIC else 1)


def test_changed_operators_are_told_in_words() -> None:
    assert changed_operators(["Gemm", "Tanh"], ["Gemm", "Tanh"]) == ""
    assert changed_operators(["Shape", "Gemm"], ["Gemm", "Shape"]) == ""
    assert changed_operators(["Transpose", "MatMul"], ["MatMul"]) == "Transpose folded"
    assert changed_operators(["Transpose", "MatMul", "Add"], ["Gemm"]) == "Transpose folded; MatMul, Add -> Gemm"
    assert changed_operators(["Identity", "Gemm"], ["Gemm"]) == "Identity removed"
    assert changed_operators(["Gemm"], ["Gemm", "ReorderInput"]) == "ReorderInput added"
