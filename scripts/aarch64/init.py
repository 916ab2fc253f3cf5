#!/usr/bin/python3
"""The first and only program of an emulated board: sets up its kernel's file systems, runs what it was told, stops.

Told by /job.json: modules to load, variables, commands and the files to hand over. All goes to the console, which the
other side reads: output as it is, a line with time and exit status after each command, files as base64.
"""

import base64
import ctypes
import gzip
import json
import os
import subprocess
import time
from pathlib import Path

MOUNTS = (("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev"))
POWER_OFF = 0x4321FEDC  # RB_POWER_OFF
FINIT_MODULE = 273  # the system call on arm64
LINE = 76

libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Run the job."""
    for kind, place in MOUNTS:
        libc.mount(kind.encode(), place.encode(), kind.encode(), 0, None)
    job = json.loads(Path("/job.json").read_text())
    for module in job["modules"]:
        load(module)
    for name, command in job["commands"].items():
        print(f"== begin {name}", flush=True)
        began = time.monotonic()
        done = subprocess.run(command, env=job["environment"], stderr=subprocess.STDOUT, check=False)
        print(f"== end {name} {done.returncode} {time.monotonic() - began:.1f}", flush=True)
    for path in job["files"]:
        if Path(path).is_file():
            send(path)
    print("== done", flush=True)


def load(path: str) -> None:
    """Load a kernel module."""
    file = os.open(path, os.O_RDONLY)
    if libc.syscall(FINIT_MODULE, file, b"", 0):
        print(f"cannot load {path}: {os.strerror(ctypes.get_errno())}", flush=True)
    os.close(file)


def send(path: str) -> None:
    """Print a file as base64."""
    text = base64.b64encode(gzip.compress(Path(path).read_bytes())).decode()
    print(f"== file {path}")
    for start in range(0, len(text), LINE):
        print(text[start : start + LINE])
    print(f"== end of {path}", flush=True)


try:
    main()
finally:
    os.sync()
    libc.reboot(POWER_OFF)
    time.sleep(60)
