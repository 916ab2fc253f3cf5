#!/usr/bin/env python3
"""Kills a run with SIGKILL at random moments, spoils the end of its session as a power loss may, and resumes it.

Counts what was lost or doubled. `scripts/evidence/power_loss.py` does without pretending.

Usage: .venv/bin/python scripts/evidence/kill_and_resume.py [KILLS] [SEED]

Last printed 2026-11-27 on a busy 2-core virtual machine (Intel Xeon), in the README under "How it is proved".
"""

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from profiler.session.file import load_session
from profiler.session.records import Session

TAILS = (  # what a power loss may leave of a line that was not synced
    b"",
    b'{"kind":"block","case":"nump',
    b"\0" * 4096,
    b'{"kind":"block"' + b"\0" * 4096 + b"4,5]}]}\n",
)
COMMAND = [sys.executable, "-m", "profiler"]
SUITE = """
name = "kills"
[[linear]]
in_features = 64
out_features = 64
[[linear]]
in_features = 96
out_features = 48
"""


def main() -> None:
    """Print the figures."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    generator = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)  # noqa: PLR2004
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "kills.toml").write_text(SUITE)
        bundle, path = folder / "bundle", folder / "session.jsonl"
        export = [*COMMAND, "export", str(folder / "kills.toml"), "-q", "--form", "controlled", "-o", str(bundle)]
        subprocess.run(export, check=True, stdout=subprocess.DEVNULL)
        run = [*COMMAND, "run", str(bundle), "-q", "-o", str(path), "--looks", "40"]
        run += ["--runtime", "onnxruntime", "--runtime", "numpy"]
        seen: set[tuple[str, int]] = set()
        lost = survived = 0
        for kill in range(kills):
            _run_and_kill([*run, "--resume"] if path.exists() else run, path, after_s=generator.uniform(0, 1.4))
            if path.exists():
                with path.open("ab") as file:
                    file.write(generator.choice(TAILS))
                now = blocks(load_session(path))  # refuses doubled blocks
                lost += len(seen - now)
                seen = now
                survived += 1
            print(f"kill {kill + 1}: {len(seen)} blocks", file=sys.stderr)
        subprocess.run([*run, "--resume"] if path.exists() else run, check=True, stdout=subprocess.DEVNULL)
        session = load_session(path)
    expected = len(session.header.cases) * session.header.options.passes
    done = blocks(session)
    lost += len(seen - done)
    print(f"{kills} kills, session read after {survived} of them: {lost} finished blocks lost")
    repeated = sum(block.attempt > 0 for block in session.blocks)
    print(
        f"then resumed to the end: {len(session.blocks)} blocks, {repeated} of them repeated since they were disturbed;"
    )
    print(f"{len(done)} different cases and passes, {expected} planned")


def blocks(session: Session) -> set[tuple[str, int]]:
    """Which blocks a session holds."""
    return {(block.case, block.pass_index) for block in session.blocks}


def _run_and_kill(command: list[str], path: Path, *, after_s: float) -> None:
    """Kill it so long after it wrote its first line, however long it took to get there."""
    former = path.stat().st_size if path.exists() else 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and (path.stat().st_size if path.exists() else 0) == former:
            time.sleep(0.005)
        time.sleep(after_s)
        process.kill()


if __name__ == "__main__":
    main()
