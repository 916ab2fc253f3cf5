"""The set-up: a wheel that is complete, scripts that say what they do, an install that 32-bit boards survive."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BASE = [Requirement(text) for text in PROJECT["dependencies"]]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from the tree, unpacked elsewhere."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    (wheel,) = folder.glob("layout_profiler-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_a_wheel_installed_elsewhere_profiles_with_its_suites_and_templates(installed: Path, tmp_path: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(installed)!r}); from profiler.commands import main; main(sys.argv[1:])"
    run = [sys.executable, "-P", "-c", code]
    listed = subprocess.run([*run, "suites"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "mlperf-tiny-autoencoder" in listed.stdout
    suite = tmp_path / "s.toml"
    suite.write_text('name = "s"\n[[linear]]\nin_features = 8\nout_features = 8\n')
    profile = [*run, "profile", str(suite), "-q", "-o", "out", "--passes", "1", "--format", "arrays"]
    subprocess.run([*profile, "--runtime", "numpy"], check=True, cwd=tmp_path, capture_output=True)
    assert (tmp_path / "out/report.html").read_text().startswith("<!DOCTYPE html>")


def test_the_wheel_holds_types_schemas_and_the_license_and_no_tests(installed: Path) -> None:
    names = {str(path.relative_to(installed)) for path in installed.rglob("*")}
    wanted = {
        "profiler/py.typed",
        "profiler/schemas/manifest.schema.json",
        "profiler/report/templates/report.html.j2",
        "profiler/artifacts/controls/bundle/manifest.json",
        "profiler/claims/keras_dense.npz",
        "profiler/models/iris.csv",
        "profiler/artifacts/controls/bundle/linear-64x64/onnx-controlled-out_in-rank2.onnx",
    }
    assert wanted <= names
    assert any(name.endswith("LICENSE") for name in names)
    assert {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")} == {"profiler"}


@pytest.mark.parametrize(
    ("machine", "is_wanted"),
    [("x86_64", True), ("aarch64", True), ("arm64", True), ("armv7l", False), ("armv6l", False), ("riscv64", False)],
)
def test_onnxruntime_is_asked_for_only_where_it_has_wheels(machine: str, is_wanted: bool) -> None:
    (requirement,) = [item for item in BASE if item.name == "onnxruntime"]
    assert requirement.marker is not None
    assert requirement.marker.evaluate({"platform_machine": machine}) is is_wanted


def test_the_base_install_is_light() -> None:
    assert {item.name for item in BASE} == {
        "click", "msgspec", "numpy", "onnxruntime", "psutil", "py-cpuinfo", "rich",
    }  # fmt: skip
    assert set(PROJECT["optional-dependencies"]) == {"torch", "kernels", "report", "remote", "docs", "test", "all"}


def test_every_direct_dependency_is_pinned_for_the_machines_we_test() -> None:
    lines = [line.partition("#")[0].strip() for line in (ROOT / "constraints.txt").read_text().splitlines()]
    pins = [Requirement(line) for line in lines if line]
    texts = [*PROJECT["dependencies"], *(t for extra in PROJECT["optional-dependencies"].values() for t in extra)]
    for machine in ("x86_64", "aarch64"):
        environment = {"platform_machine": machine}
        pinned = {pin.name.lower(): pin for pin in pins if pin.marker is None or pin.marker.evaluate(environment)}
        for requirement in map(Requirement, texts):
            if requirement.name != "layout-profiler":
                pin = pinned[requirement.name.lower()]
                (version,) = pin.specifier
                assert requirement.specifier.contains(version.version), requirement
    torch = {str(pin.specifier): pin.marker for pin in pins if pin.name == "torch"}
    assert set(torch) == {"==2.13.0", "==2.9.1"}
    assert isinstance(torch["==2.9.1"], Marker)
    assert torch["==2.9.1"].evaluate({"platform_machine": "aarch64"})


def test_the_scripts_are_executable_and_a_second_install_does_nothing() -> None:
    for path in (*(ROOT / "scripts").iterdir(), ROOT / ".ci/run"):
        if path.is_file():
            assert os.access(path, os.X_OK), path
    if not (ROOT / ".venv/.installed-all,test").is_file():
        pytest.skip("this checkout was not set up by scripts/test")
    done = subprocess.run([ROOT / "scripts/install", "all,test"], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout + done.stderr == ""


def test_the_project_names_no_file_of_its_surroundings() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    for name in tracked.stdout.split():
        text = (ROOT / name).read_bytes().decode("utf-8", "replace")
        assert not re.search(r"\.\./shared|\.\./\.library", text) or name == "tests/test_package.py", name
