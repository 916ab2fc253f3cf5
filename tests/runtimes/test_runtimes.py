"""Real runtimes, in this process, on real files: answers, refusals and the table of names."""

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from profiler.artifacts.bundle import Bundle, open_bundle
from profiler.artifacts.records import Form
from profiler.base.errors import MissingPackageError, OptionError, RefusalError
from profiler.commands.measuring import choose_options
from profiler.models.workload import Workload
from profiler.runtimes import DEFAULT_RUNTIMES, RUNTIMES, Runtime, RuntimeInfo, runtime_info

NAMES = [info.name for info in RUNTIMES]
MakeRuntime = Callable[[str], Runtime]


def workload(bundle: Bundle, name: str) -> Workload:
    return next(item for item in bundle.manifest.workloads if item.name == name)


def answers_checked(bundle: Bundle, runtime: Runtime, read: str, form: Form) -> int:
    """Compare every answer of a bundle, each called three times; returns how many there were."""
    count = 0
    for artifact in bundle.manifest.artifacts:
        if (artifact.format, artifact.form) != (read, form):
            continue
        for answer in bundle.manifest.references:
            if answer.workload != artifact.workload or not artifact.takes(answer.batch_shape):
                continue
            model = runtime.load(bundle.path_of(artifact), workload(bundle, artifact.workload), threads=1)
            with np.load(bundle.path_of(answer)) as right:
                for _ in range(3):  # torch's executor may specialise on the second call, to something else
                    found = model.output(right["x"])
                    assert found.shape == right["y"].shape
                    assert (np.abs(found - right["y"]) <= right["tolerance"]).all(), (artifact.path, answer.path)
                model.bind(right["x"])()
            count += 1
    return count


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", Form)
def test_every_file_gives_the_float64_answer_in_its_runtime(
    exported: Path, make_runtime: MakeRuntime, name: str, form: Form
) -> None:
    read = runtime_info(name).format
    count = answers_checked(open_bundle(exported), make_runtime(name), read, form)
    assert count == (0 if read == "arrays" and form is Form.IDIOMATIC else 8)


@pytest.mark.parametrize("name", NAMES)
def test_layers_without_bias_networks_and_any_batch_rank_give_the_float64_answer(
    ranks: Path, make_runtime: MakeRuntime, name: str
) -> None:
    count = answers_checked(open_bundle(ranks), make_runtime(name), runtime_info(name).format, Form.CONTROLLED)
    assert count == 4 * 4 * 2  # workloads, batches, layouts


@pytest.mark.parametrize("name", NAMES)
def test_an_identity_model_hands_its_input_on_cut_off_or_padded(
    ranks: Path, make_runtime: MakeRuntime, name: str
) -> None:
    bundle, runtime = open_bundle(ranks), make_runtime(name)
    read = runtime_info(name).format
    for item in bundle.manifest.workloads:
        for rank, batch in ((1, ()), (2, (7,)), (4, (2, 3, 4))):
            paths = [
                bundle.path_of(entry)
                for entry in bundle.manifest.identities
                if (entry.format, entry.workload) == (read, item.name) and entry.input_rank in (None, rank)
            ]
            model = runtime.load_identity(paths[0] if paths else None, item, threads=1)
            x = np.random.default_rng(0).standard_normal((*batch, item.in_features), dtype=np.float32)
            found = model.output(x)
            model.bind(x)()
            common = min(item.in_features, item.out_features)
            assert found.shape == (*batch, item.out_features)
            assert (found[..., :common] == x[..., :common]).all()
            assert not found[..., common:].any()
            assert model.executed().known_by


def test_a_file_that_onnx_runtime_does_not_accept_is_a_refusal(exported: Path, tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"\x08\x08")
    item = workload(open_bundle(exported), "iris")
    with pytest.raises(RefusalError, match="refuses"):
        runtime_info("onnxruntime").create().load(tmp_path / "x.onnx", item, threads=1)


TWO_THREADS = """
import sys
from pathlib import Path
import numpy as np
from profiler.artifacts.bundle import open_bundle
from profiler.runtimes import runtime_info
runtime, bundle = runtime_info("onnxruntime").create(), open_bundle(Path(sys.argv[1]))
item = next(item for item in bundle.manifest.workloads if item.name == "linear-24x40")
paths = [bundle.folder / f"linear-24x40/onnx-controlled-{layout}-rank2.onnx" for layout in ("out_in", "in_out")]
x = np.ones((1, 24), np.float32)
answers = [runtime.load(path, item, threads=threads).output(x) for threads in (1, 2) for path in paths]
assert all(np.allclose(answers[0], other) for other in answers), answers
"""


def test_models_of_two_threads_share_one_pool_and_answer_as_those_of_one(exported: Path) -> None:
    # In a process of its own: once it has a pool for all, it can no longer load models with pools of their own
    subprocess.run([sys.executable, "-c", TWO_THREADS, str(exported)], check=True)


def test_four_runtimes_are_measured_unless_others_are_asked_for() -> None:
    names = ("onnxruntime", "onnxruntime-unpacked", "torchscript", "numpy")
    assert tuple(info.name for info in DEFAULT_RUNTIMES) == names
    options, left_out = choose_options(
        runtimes=[], forms=[], passes=None, looks=None, margin=0.03, confidence_level=0.95, weights="warm", sets=None,
        threads=(1,), cpus=[], seed=1, identical=False, slower=None, forked=False,
    )  # fmt: skip
    assert (options.runtimes, left_out) == (names, ())


def test_a_runtime_is_described_in_one_line_under_a_name_of_its_own() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert all(info.description and "\n" not in info.description for info in RUNTIMES)


def test_an_unknown_runtime_prints_the_known_ones() -> None:
    with pytest.raises(OptionError, match=r"onnxruntime-unpacked.*reference-blocked"):
        runtime_info("tensorrt")


def test_a_missing_package_prints_the_install_line() -> None:
    info = RuntimeInfo("x", "x:X", "arrays", "no_such_package", "torch")
    assert not info.is_installed
    with pytest.raises(MissingPackageError, match=r'pip install "layout-profiler\[torch\]"'):
        info.create()


@pytest.mark.parametrize("name", ["reference-dot", "reference-row", "reference-blocked"])
def test_without_numba_the_reference_kernels_print_their_install_line(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r'needs numba.*pip install "layout-profiler\[kernels\]"'):
        runtime_info(name).require()


@pytest.mark.parametrize("location", ["no_such_module:X", "json:NoSuchClass", "json", ":X"])
def test_a_class_that_is_not_where_its_table_says_is_one_line(location: str) -> None:
    info = dataclasses.replace(runtime_info("numpy"), location=location)
    with pytest.raises(OptionError, match="numpy cannot be imported from"):
        info.create()


def test_naming_runtimes_imports_no_engine_and_reads_no_entry_points() -> None:
    program = (
        "import sys; from profiler.runtimes import RUNTIMES, runtime_info; [runtime_info(i.name) for i in RUNTIMES];"
        "print(*{'torch', 'onnxruntime', 'numba', 'numpy', 'profiler.runtimes.thirdparty'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
