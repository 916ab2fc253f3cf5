"""The command line of another Python process that runs this very copy of the program."""

import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[2])
# Not the current folder (-P): a file numpy.py in it would be imported. This copy's own folder instead, where it is not
# on the path already.
_PREAMBLE = """
import sys
if sys.argv[1] not in sys.path:
    sys.path.insert(0, sys.argv[1])
"""


def python_command(program: str, *arguments: str) -> list[str]:
    """What to start. The program finds its arguments from `sys.argv[2]` on."""
    return [sys.executable, "-P", "-c", _PREAMBLE + program, _ROOT, *arguments]
