"""The set-up: a wheel that is complete, scripts that say what they do, an install that 32-bit boards survive."""

import dataclasses
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = SETTINGS["project"]
BASE = [Requirement(text) for text in PROJECT["dependencies"]]
WAYS = ("wheel", "editable", "checkout")
PROJECTS = {
    "a folder models": {"models/net.py": "NAME = 'theirs'\n", "train.py": "from models.net import NAME\nprint(NAME)\n"},
    "a package models": {
        "models/__init__.py": "NAME = 'theirs'\n",
        "train.py": "from models import NAME\nprint(NAME)\n",
    },
    "a module models": {"models.py": "NAME = 'theirs'\n", "train.py": "from models import NAME\nprint(NAME)\n"},
}
Build = Callable[..., Path]


@dataclasses.dataclass(frozen=True)
class Way:
    """A Python that has the program in one of the ways: what is to be in its path, and where the program lies."""

    python: Path
    path: tuple[Path, ...]
    home: Path

    def run(self, *arguments: str, folder: Path, path: tuple[Path, ...] = ()) -> str:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (*path, *self.path)))}
        command = [str(self.python), *arguments]
        return subprocess.run(
            command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True
        ).stdout


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Builds a distribution with the build system that the project asks for, installed once."""
    backend = tmp_path_factory.mktemp("backend")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(backend)]
    subprocess.run([*pip, *SETTINGS["build-system"]["requires"], "editables"], check=True)

    def make(kind: str, source: Path) -> Path:
        folder = tmp_path_factory.mktemp("built")
        command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
        environment = {**os.environ, "PYTHONPATH": str(backend)}
        subprocess.run(command, cwd=source, env=environment, check=True, stdout=subprocess.DEVNULL)
        (built,) = folder.iterdir()
        return built

    return make


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from the tree as pip builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    (made,) = folder.glob("layout_profiler-*.whl")
    return made


@pytest.fixture(scope="session")
def installed(wheel: Path) -> Path:
    """That wheel, unpacked elsewhere."""
    return unpacked(wheel, wheel.parent / "site")


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program's part of the tree, with the links that are in it."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("profiler", "models", "constraints.txt", "pyproject.toml", "README.md", "LICENSE"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():  # an unpacked sdist has its models in profiler/ alone
            shutil.copy(source, folder / name)
    return folder


@pytest.fixture(scope="session")
def ways(tmp_path_factory: pytest.TempPathFactory, build: Build, wheel: Path, checkout: Path) -> dict[str, Way]:
    """A Python for each way, all of which see the packages that these tests run with, but not the project itself."""
    found = {}
    for name in WAYS:
        folder = tmp_path_factory.mktemp(name)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        (site,) = folder.glob("lib/python*/site-packages")
        others = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
        (site / "00-packages.pth").write_text("\n".join(others))
        if name != "checkout":
            unpacked(wheel if name == "wheel" else build("wheel:editable", checkout), site)
        path = (checkout,) if name == "checkout" else ()
        found[name] = Way(folder / "bin/python", path, site if name == "wheel" else checkout)
    return found


def unpacked(wheel: Path, folder: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def content(wheel: Path) -> list[tuple[str, bytes]]:
    """Name and bytes of every entry, also of those that a wheel would hold twice."""
    with zipfile.ZipFile(wheel) as archive:
        return sorted((entry.filename, archive.read(entry)) for entry in archive.infolist())


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


def test_the_wheel_installs_one_name(installed: Path) -> None:
    assert {path.name for path in installed.iterdir() if path.suffix != ".dist-info"} == {"profiler"}
    assert not (installed / "profiler/models").is_symlink()


def test_a_wheel_built_from_an_sdist_is_the_same(build: Build, wheel: Path, tmp_path: Path) -> None:
    sdist = build("sdist", ROOT)
    with tarfile.open(sdist) as archive:
        names = archive.getnames()
        archive.extractall(tmp_path, filter="data")
    assert len(set(names)) == len(names)
    (source,) = tmp_path.iterdir()
    assert (source / "tests/test_package.py").is_file()
    assert content(build("wheel", source)) == content(wheel)


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("files", PROJECTS.values(), ids=PROJECTS)
def test_the_program_and_a_users_own_models_leave_each_other_alone(
    ways: dict[str, Way], name: str, files: dict[str, str], tmp_path: Path
) -> None:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    way = ways[name]
    assert "mlperf-tiny-autoencoder" in way.run("-P", "-m", "profiler", "suites", folder=tmp_path, path=(tmp_path,))
    imports = "import sys, profiler.commands, profiler.models.layout as ours; assert 'models' not in sys.modules"
    found = way.run("-P", "-c", f"{imports}; print(ours.__file__)", folder=tmp_path, path=(tmp_path,))
    assert found.strip() == str(way.home / "profiler/models/layout.py")
    if name == "checkout" and "models/net.py" in files:
        return  # a folder without __init__.py gives way to any package of its name, such as a checkout in the path has
    assert way.run("train.py", folder=tmp_path) == "theirs\n"
    assert way.run("-P", "-c", f"{imports}; import train", folder=tmp_path, path=(tmp_path,)) == "theirs\n"


@pytest.mark.parametrize("name", WAYS)
def test_the_same_module_is_imported_from_any_folder(ways: dict[str, Way], checkout: Path, name: str) -> None:
    code = "import profiler.commands; from profiler.models.layout import WeightLayout; print(WeightLayout.OUT_IN)"
    folders = (Path("/"), checkout, checkout / "profiler", checkout / "profiler/models")
    assert {ways[name].run("-P", "-c", code, folder=folder) for folder in folders} == {"out_in\n"}


def test_boards_get_the_same_bytes_from_a_wheel_and_from_an_editable_install(
    ways: dict[str, Way], tmp_path: Path
) -> None:
    code = "import hashlib, profiler.measure.remote.wheel as w; print(hashlib.sha256(w.make_wheel()).hexdigest())"
    assert len({ways[name].run("-P", "-c", code, folder=tmp_path) for name in ("wheel", "editable")}) == 1


def test_a_checkout_that_lost_its_links_says_so_in_one_line(ways: dict[str, Way], tmp_path: Path) -> None:
    copy = shutil.copytree(ways["checkout"].home, tmp_path / "copy", symlinks=True)
    models = copy / "profiler/models"
    if not models.is_symlink():
        pytest.skip("no checkout, but an unpacked sdist")
    models.unlink()
    models.write_text("../models")
    done = subprocess.run(
        [ways["checkout"].python, "-P", "-m", "profiler", "suites"],
        env={**os.environ, "PYTHONPATH": str(copy)}, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "profiler/models is to be a link" in line


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
    for path in (*(ROOT / "scripts").iterdir(), *(ROOT / "scripts/evidence").iterdir(), ROOT / ".ci/run"):
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
        if (ROOT / name).is_dir():
            continue  # the link to the models, which are listed themselves
        text = (ROOT / name).read_bytes().decode("utf-8", "replace")
        assert not re.search(r"\.\./shared|\.\./\.library", text) or name == "tests/test_package.py", name
