"""Controls: the bundle of small layers that `selfcheck` measures. Written by `scripts/write_controls.py`.

It comes with the package, so that a board without torch can be checked too.
"""

from pathlib import Path

BUNDLE = Path(__file__).parent / "bundle"
