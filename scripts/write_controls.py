#!/usr/bin/env python3
"""Writes the bundle that `selfcheck` measures anew, after the manifest's schema has changed. Needs the extra "torch".

Usage: .venv/bin/python scripts/write_controls.py
"""

import shutil

from profiler.artifacts.build import export_bundle
from profiler.artifacts.controls import BUNDLE
from profiler.artifacts.records import Form
from profiler.models.layout import LinearShape
from profiler.models.workload import linear_workload

SIDES = (64, 192)  # 16 and 144 KiB: in the first and in the second cache of a Pi-class board
BATCHES = ((1,), (8,))


def main() -> None:
    """Write it in all formats."""
    workloads = [
        linear_workload(LinearShape(in_features=side, out_features=side), batch_shapes=BATCHES) for side in SIDES
    ]
    shutil.rmtree(BUNDLE, ignore_errors=True)  # of another schema, it would not be known as a bundle
    manifest = export_bundle(workloads, BUNDLE, suite="controls", forms=(Form.CONTROLLED,))
    print(f"{BUNDLE}: {len(manifest.artifacts)} files")


if __name__ == "__main__":
    main()
