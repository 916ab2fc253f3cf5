"""Runtimes of other packages, installed for the length of a test by a `.dist-info` folder on the path."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from profiler.base.errors import OptionError
from profiler.runtimes import runtime_info
from profiler.runtimes.thirdparty import PLUGINS
from profiler.session.file import load_session
from profiler.session.records import ExecutedLayout

PACKAGE = """\
from profiler.runtimes import RuntimeInfo

INFO = RuntimeInfo("einsum", "einsum_runtime.engine:Einsum", "arrays", package="numpy")
"""
ENGINE = """\
import numpy as np
from profiler.artifacts.arrays.prove import load_layers
from profiler.session.records import Executed, ExecutedLayout
from profiler.runtimes.numpy import NumpyRuntime

class Einsum(NumpyRuntime):  # which brings clock, surroundings and load_identity
    def load(self, path, workload, *, threads):
        return Model(*load_layers(path))

class Model:
    def __init__(self, layout, layers):
        self.weight, self.bias = layers[0].weight.values, layers[0].bias
        self.layout = layout
        self.sum = "...i,oi->...o" if layout == "out_in" else "...i,io->...o"
    def output(self, x):
        return np.einsum(self.sum, x, self.weight) + self.bias
    def bind(self, x):  # what is timed
        return lambda: self.output(x)
    def executed(self):
        return Executed(layout=ExecutedLayout(self.layout), operator=self.sum, known_by="einsum reads in place")
"""
INFO = """
from profiler.runtimes import RuntimeInfo
INFO = RuntimeInfo({name!r}, "engine_of_mine:Engine", "arrays", {package!r}, description="mine")
"""
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a distribution that adds runtimes, for this process and the workers it starts."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))

    def add(distribution: str, points: dict[str, str], **sources: str) -> None:
        metadata = site / f"{distribution}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        lines = [f"{name} = {value}" for name, value in points.items()]
        (metadata / "entry_points.txt").write_text("\n".join(["[layout_profiler.runtimes]", *lines, ""]))
        for module, source in sources.items():
            path = site.joinpath(*module.split(".")).with_suffix(".py")
            path.parent.mkdir(exist_ok=True)
            path.write_text(source)

    return add


def test_an_installed_runtime_is_measured_when_asked_for(
    install: Install, cli: Any, exported: Path, tmp_path: Path
) -> None:
    sources = {"einsum_runtime.__init__": PACKAGE, "einsum_runtime.engine": ENGINE}
    install("einsum-runtime", {"einsum": "einsum_runtime:INFO"}, **sources)
    session = tmp_path / "s.jsonl"
    outcome = cli("run", exported, "--runtime", "einsum", "--passes", 2, "--sets", 1, "--no-measure", "-o", session)
    assert outcome.status in {0, 1}, outcome.err  # iris has two layers and activations, which twenty lines lack
    found = load_session(session)
    checked = [check for check in found.checks if "linear-24x40" in check.case]
    assert len(checked) == 2
    for check in checked:
        assert {arm.executed.layout for arm in check.arms} == {ExecutedLayout.OUT_IN, ExecutedLayout.IN_OUT}
    assert {block.case for block in found.blocks} == {check.case for check in checked}


def test_the_documents_show_a_runtime_in_twenty_lines() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "add-a-runtime.md").read_text()
    assert PACKAGE in page
    assert ENGINE in page
    assert len([line for line in (PACKAGE + ENGINE).splitlines() if line]) == 20


def test_naming_an_installed_runtime_does_not_import_its_engine(install: Install) -> None:
    source = INFO.format(name="mine", package="engine_of_mine")
    install("mine", {"mine": "mine_info:INFO"}, mine_info=source, engine_of_mine="raise RuntimeError('imported')")
    info = runtime_info("mine")
    assert (info.name, info.description, info.is_installed) == ("mine", "mine", True)
    assert "engine_of_mine" not in sys.modules
    assert PLUGINS.names() == ("mine",)


def test_other_names_load_nothing_of_it(install: Install) -> None:
    install("mine", {"mine": "mine_info:INFO"}, mine_info="raise RuntimeError('loaded')")
    assert runtime_info("numpy").name == "numpy"
    with pytest.raises(OptionError, match=r"no runtime is called 'other'; there are onnxruntime, .*mine"):
        runtime_info("other")
    assert "mine_info" not in sys.modules


def test_an_engine_that_is_missing_is_told_with_its_install_line(
    install: Install, refused: Any, exported: Path, tmp_path: Path
) -> None:
    install("mine", {"mine": "mine_info:INFO"}, mine_info=INFO.format(name="mine", package="no_such_engine"))
    line = refused("run", exported, "--runtime", "mine", "-o", tmp_path / "s")
    assert "the runtime mine needs no_such_engine, which is not installed: pip install no_such_engine" in line


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import no_such_module", "mine_info:INFO raises ModuleNotFoundError: No module named 'no_such_module'"),
        ("INFO: int = 1 / 0", "mine_info:INFO raises ZeroDivisionError: division by zero"),
        ("this is no Python", "mine_info:INFO raises SyntaxError"),
        ("OTHER = 1", "mine_info:INFO raises AttributeError"),
        ("raise ValueError('two\\nlines')", "raises ValueError: two"),
        ("raise SystemExit(0)", "mine_info:INFO raises SystemExit: 0"),
        ("INFO = 'mine'", "mine_info:INFO is a str, not a RuntimeInfo"),
        (INFO.format(name="yours", package="numpy"), "is called 'yours'; entry point and RuntimeInfo must bear"),
        (INFO.format(name="mine", package="numpy").replace('"arrays"', '"tflite"'), "reads 'tflite'"),
        (INFO.format(name="mine", package="numpy").replace(":Engine", ""), "has the location 'engine_of_mine'"),
    ],
)
def test_a_broken_entry_point_is_one_clear_line(
    install: Install, refused: Any, exported: Path, tmp_path: Path, source: str, told: str
) -> None:
    install("a-stranger", {"mine": "mine_info:INFO"}, mine_info=source)
    line = refused("run", exported, "--runtime", "mine", "-o", tmp_path / "s")
    assert "the runtime 'mine' of a-stranger cannot be used: " in line
    assert told in line
    assert not (tmp_path / "s").exists()


def test_a_name_that_could_not_stand_in_a_case_is_refused(install: Install) -> None:
    install("mine", {"a/b": "mine_info:INFO"}, mine_info=INFO.format(name="a/b", package="numpy"))
    with pytest.raises(OptionError, match="bears a name with other characters"):
        runtime_info("a/b")


def test_a_built_in_name_is_never_taken_over(install: Install) -> None:
    install("evil", {"numpy": "evil_info:INFO", "scripted": "evil_info:INFO"}, evil_info="raise RuntimeError('loaded')")
    assert runtime_info("numpy").location.startswith("profiler.")
    assert runtime_info("scripted").location.startswith("profiler.")
    assert PLUGINS.names() == ()
    assert len(PLUGINS.shadowing()) == 2
    with pytest.raises(OptionError, match="evil adds a runtime 'numpy', which is built in; the built-in one is used"):
        runtime_info("other")


def test_one_name_from_two_packages_is_refused_by_both_names(install: Install) -> None:
    for name in ("one", "two"):
        install(name, {"mine": f"{name}_info:INFO"}, **{f"{name}_info": INFO.format(name="mine", package="numpy")})
    with pytest.raises(OptionError, match="'mine' comes from one and two; uninstall all but one"):
        runtime_info("mine")


def test_the_same_package_found_twice_on_the_path_is_one(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("mine", {"mine": "mine_info:INFO"}, mine_info=INFO.format(name="mine", package="numpy"))
    shutil.copytree(tmp_path / "site", tmp_path / "copy")
    monkeypatch.syspath_prepend(tmp_path / "copy")
    assert runtime_info("mine").name == "mine"


def test_an_engine_that_cannot_be_imported_is_a_failure_that_names_it(
    install: Install, cli: Any, exported: Path, tmp_path: Path
) -> None:
    """Found in the worker, since only it imports an engine: a line in the session, and the run goes on."""
    source = INFO.format(name="mine", package="engine_of_mine")
    install("mine", {"mine": "mine_info:INFO"}, mine_info=source, engine_of_mine="import no_such_module")
    cli("run", exported, "--runtime", "mine", "--runtime", "scripted", "--passes", 2, "--sets", 1, "--no-measure",
        "-o", tmp_path / "s.jsonl")  # fmt: skip
    session = load_session(tmp_path / "s.jsonl")
    assert any(
        "the runtime mine cannot be imported from engine_of_mine:Engine: No module named 'no_such_module'" in f.message
        for f in session.failures
    )
    assert session.blocks
