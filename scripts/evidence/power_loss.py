#!/usr/bin/env python3
"""Takes the power from a run: what its card holds at random moments is copied, and each copy is read as after a reboot.

Usage: sudo .venv/bin/python scripts/evidence/power_loss.py [MOMENTS] [SEED]

The card is an ext4 image behind a loop device. While the run is stopped for a moment, the image is copied without
syncing anything; the copy is mounted, which replays its journal, and its session is read. All lines must be there but
the one that was being written. The last copy is then resumed to the end, on the card it lies on.

Last printed 2026-11-27 on a busy 2-core virtual machine (Intel Xeon), in the README under "How it is proved".
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from profiler.session.file import load_session

COMMAND = [sys.executable, "-m", "profiler"]
SUITE = 'name = "power"\n[[linear]]\nin_features = 64\nout_features = 64\n'
PASSES = 60
IMAGE_BYTES = 16 << 20


def main() -> None:
    """Print the figures."""
    moments = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    generator = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)  # noqa: PLR2004
    if os.geteuid() or not (mkfs := shutil.which("mkfs.ext4")):
        sys.exit("only root can mount an image, and mkfs.ext4 is needed to make one")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image, copy = folder / "card.img", folder / "copy.img"
        (folder / "suite.toml").write_text(SUITE)
        export = [*COMMAND, "export", f"{folder}/suite.toml", "-q", "--form", "controlled", "-o", f"{folder}/bundle"]
        subprocess.run([*export, "--format", "arrays"], check=True, stdout=subprocess.DEVNULL)
        with image.open("wb") as file:
            file.truncate(IMAGE_BYTES)
        subprocess.run([mkfs, "-q", "-F", str(image)], check=True)
        run = [*COMMAND, "run", f"{folder}/bundle", "-q", "--runtime", "numpy", "--looks", str(PASSES), "-o"]
        lost = torn = 0
        with _mounted(image, folder / "card") as card:
            path = card / "session.jsonl"
            with subprocess.Popen([*run, str(path)], stdout=subprocess.DEVNULL) as process:
                while not path.exists():
                    time.sleep(0.01)
                for _ in range(moments):
                    time.sleep(generator.uniform(0.02, 0.4))
                    process.send_signal(signal.SIGSTOP)
                    known = path.read_bytes().count(b"\n")
                    shutil.copyfile(image, copy)
                    process.send_signal(signal.SIGCONT)
                    found, is_torn = _read(copy, folder / "after")
                    lost += max(0, known - 1 - found)
                    torn += is_torn
                process.kill()
        with _mounted(copy, folder / "after") as card:
            before = load_session(card / "session.jsonl").blocks
            subprocess.run([*run, str(card / "session.jsonl"), "--resume"], check=True, stdout=subprocess.DEVNULL)
            session = load_session(card / "session.jsonl")
    kept = session.blocks[: len(before)] == before
    done = {(block.case, block.pass_index) for block in session.blocks}
    print(f"{moments} power losses: {lost} synced lines lost, {torn} sessions with a torn last line, all readable")
    print(
        f"the last one, of {len(before)} blocks, resumed to the end: {len(done)} cases and passes of "
        f"{len(session.header.cases) * PASSES}, its own blocks {'as they were' if kept else 'CHANGED'}"
    )


def _read(image: Path, folder: Path) -> tuple[int, bool]:
    """How many whole lines the session of an image has, and whether something follows them."""
    with _mounted(image, folder) as card:
        data = (card / "session.jsonl").read_bytes()
        load_session(card / "session.jsonl")
    return data.count(b"\n"), not data.endswith(b"\n")


@contextlib.contextmanager
def _mounted(image: Path, folder: Path) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(folder)], check=True)  # noqa: S607 - wherever it lies
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)  # noqa: S607


if __name__ == "__main__":
    main()
