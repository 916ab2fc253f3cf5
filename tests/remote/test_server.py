from collections.abc import Callable
from pathlib import Path

from tests.remote.conftest import Server


def test_x(client: Server, wheelhouse: Path, exported: Path, cli: Callable[..., object], tmp_path: Path) -> None:
    import time
    for i in range(2):
        t = time.time()
        o = cli("remote", "board", exported, "-o", tmp_path / f"out{i}", "--wheelhouse", wheelhouse, "--python", client.python,
        "--runtime", "numpy", "--passes", "8", "--no-measure")
        print(time.time() - t)
        print(o.status); print(o.out); print(o.err)
    t = time.time()
    o = cli("remote", "board", "--clean")
    print(time.time() - t)
    print(o.status); print(o.out); print(o.err)
    import subprocess
    print(subprocess.check_output(["find", client.user_home, "-newer", client.folder/"host", "-not", "-path", "*/tools/*"], text=True))
