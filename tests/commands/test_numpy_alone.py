"""A board without wheels of onnxruntime, torch and psutil: all works with numpy alone, from hardware to report."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from profiler.session.file import load_session

ABSENT = ("altair", "jinja2", "numba", "onnx", "onnxruntime", "onnxscript", "psutil", "torch", "vl_convert")
HIDE = f"""
import importlib.machinery
find = importlib.machinery.PathFinder.find_spec
def find_spec(name, path=None, target=None):
    return None if name.partition(".")[0] in {ABSENT!r} else find(name, path, target)
importlib.machinery.PathFinder.find_spec = find_spec
"""


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which these packages cannot be found, neither by the program nor by its workers."""
    folder = tmp_path_factory.mktemp("hidden")
    (folder / "sitecustomize.py").write_text(HIDE)
    paths = [str(folder), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def ask(board: dict[str, str], *arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "profiler", *map(str, arguments)]
    done = subprocess.run(command, env=board, capture_output=True, text=True, check=False)
    assert done.returncode == status, done
    assert "Traceback" not in done.stderr
    return done


def test_these_packages_are_hidden(board: dict[str, str]) -> None:
    code = f"import importlib.util; print([n for n in {ABSENT!r} if importlib.util.find_spec(n)])"
    done = subprocess.run([sys.executable, "-c", code], env=board, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_with_numpy_alone_a_bundle_is_measured_and_reported(
    exported: Path, tmp_path: Path, board: dict[str, str]
) -> None:
    shown = ask(board, "hardware", "--json").stdout
    assert json.loads(shown)["memory"]["available_bytes"]["value"] > 0
    assert "Memory" in ask(board, "hardware").stdout

    path = tmp_path / "s.jsonl"
    told = ask(board, "run", exported, "-o", path, "--passes", 5, "--no-measure").stderr
    assert "left out: onnxruntime: onnxruntime is not installed" in told
    assert "left out: torchscript: torch is not installed" in told
    session = load_session(path)
    assert {case.runtime for case in session.header.cases} == {"numpy"}
    assert not session.failures
    assert len({(block.case, block.pass_index) for block in session.blocks}) == 4 * 5

    assert "numpy" in ask(board, "report", path).stdout
    assert "onnxruntime is not installed" in ask(board, "report", path, "--format", "markdown").stdout
    assert len(json.loads(ask(board, "report", path, "--format", "json").stdout)["sessions"][0]["rows"]) == 4
    rows = list(csv.DictReader(ask(board, "report", path, "--format", "csv").stdout.splitlines()))
    assert {row["runtime"] for row in rows} == {"numpy"}
    assert "jinja2" in ask(board, "report", path, "--format", "html", status=2).stderr
    missing = ask(board, "run", exported, "-o", tmp_path / "t.jsonl", "--runtime", "onnxruntime", status=2)
    assert "needs onnxruntime, which is not installed" in missing.stderr
