"""The fresh process of one measurement. Its argument is the method's module; the request is in the environment.

Writes to standard output the answers as JSON, `{"not_driven": why}`, or with `--start` the seconds one worker took.
"""

import importlib
import os
import sys
import time

import msgspec

from scripts.evidence.side_by_side.pairs import read_request
from scripts.evidence.side_by_side.results import NotDrivenError


def main() -> None:
    """Measure or start. What the method and its processes print goes to standard error."""
    answers = os.dup(1)
    os.dup2(2, 1)
    method = importlib.import_module(f"scripts.evidence.side_by_side.methods.{sys.argv[1]}")
    request = read_request()
    output: object
    try:
        if "--start" in sys.argv[2:]:
            begin = time.monotonic()
            method.start(request)
            output = {"seconds": time.monotonic() - begin}
        else:
            output = {"answers": method.measure(request)}
    except NotDrivenError as error:
        output = {"not_driven": str(error)}
    with os.fdopen(answers, "wb") as file:
        file.write(msgspec.json.encode(output))


if __name__ == "__main__":
    main()
