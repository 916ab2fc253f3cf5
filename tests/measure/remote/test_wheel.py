import os
import subprocess
import sys
from pathlib import Path

import profiler
from profiler.measure.remote.install import prepare
from profiler.measure.remote.messages import PythonFound
from profiler.measure.remote.wheel import make_wheel, read_constraints, read_requirements, wheel_name


def test_pip_installs_our_own_wheel_and_it_is_the_same_program(tmp_path: Path) -> None:
    (tmp_path / wheel_name()).write_bytes(make_wheel())
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--target",
        str(tmp_path / "to"),
    ]
    subprocess.run([*pip, str(tmp_path / wheel_name())], check=True, capture_output=True)
    here = Path(profiler.__file__).parents[1]
    wanted = {
        Path(folder, name).relative_to(here): Path(folder, name).read_bytes()
        for folder, _, names in os.walk(here / "profiler", followlinks=True)
        if "__pycache__" not in Path(folder).parts
        for name in names
    }
    wanted[Path("profiler/constraints.txt")] = read_constraints()
    found = {name: (tmp_path / "to" / name).read_bytes() for name in wanted}
    assert found == wanted
    assert Path("profiler/models/iris.csv") in wanted
    environment = {"PYTHONPATH": str(tmp_path / "to"), "PATH": ""}
    code = "import profiler, importlib.metadata as m; print(profiler.__file__, m.version('layout-profiler'))"
    said = subprocess.check_output([sys.executable, "-P", "-c", code], env=environment, text=True)
    assert said.split() == [str(tmp_path / "to/profiler/__init__.py"), profiler.__version__]


def test_the_same_files_make_the_same_bytes() -> None:
    assert make_wheel() == make_wheel()


def test_the_base_install_requires_no_extra() -> None:
    names = " ".join(read_requirements())
    assert "numpy" in names
    assert "asyncssh" not in names
    assert "torch" not in names
    assert "editables" not in names


def test_another_wheel_of_the_same_size_is_another_tool(tmp_path: Path) -> None:
    python = PythonFound(path="/usr/bin/python3", version=(3, 11, 2), has_venv=True)
    wheel = tmp_path / "numpy-2.4.6-py3-none-any.whl"
    keys = []
    for content in (b"one", b"two", b"one"):
        wheel.write_bytes(content)
        keys.append(prepare(python, tmp_path).key)
    assert keys[0] == keys[2] != keys[1]
