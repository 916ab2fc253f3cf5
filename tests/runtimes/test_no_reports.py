"""ONNX Runtime must not report to its maker: that writes to the user's folder, names the machine, takes a thread."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("onnxruntime")
PROGRAM = """
import os, sys
from pathlib import Path
from profiler.runtimes import runtime_info
model = runtime_info("onnxruntime").create().load(Path(sys.argv[1]), None, threads=1)
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="where it keeps its files elsewhere is not known")
def test_a_session_of_onnx_runtime_writes_nothing_and_starts_no_thread(exported: Path, tmp_path: Path) -> None:
    (model,) = exported.glob("iris/onnx-controlled-out_in-rank2.onnx")
    environment = {**os.environ, "HOME": str(tmp_path), "OPENBLAS_NUM_THREADS": "1"}
    for name in ("XDG_CACHE_HOME", "ORT_DISABLE_TELEMETRY"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(model)], env=environment, capture_output=True, text=True, check=True
    )
    assert list(tmp_path.iterdir()) == []
    assert int(done.stdout) == 1
