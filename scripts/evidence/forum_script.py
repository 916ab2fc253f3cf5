#!/usr/bin/env python3
"""The script of the forum answer, as a reader would run it; `layout-profiler claims` runs the same beside our protocol.

python -m scripts.evidence.forum_script --small    # or without, for the original 2,200 products of 10000x10000 weights

Last printed: no print of it was kept; what `layout-profiler claims` printed of the same script on 2026-11-27, on a
2-core virtual machine (Intel Xeon), is in the README.
"""

import argparse

import msgspec

from profiler.claims.forum import SETUPS
from profiler.claims.trials.forum import run_script
from profiler.report.appendix_records import Scale


def main() -> None:
    """Run it and print what it prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="220 products of 2000x2000")
    setup = SETUPS[Scale.SMALL if parser.parse_args().small else Scale.FULL]
    found = run_script(setup=msgspec.to_builtins(setup))
    print("torch", found.torch_version, ", threads =", found.threads)
    print("nStat =", setup.stat, ", nTime =", setup.time)
    print("b =", setup.b, ", m =", setup.m, ", n =", setup.n)
    for times in filter(None, (found.cpu, found.cuda)):
        print("device =", times.device)
        print("a @ mr timings:", times.in_out_mean_s, "+-", times.in_out_error_s)
        print("a @ ml.T timing:", times.out_in_mean_s, "+-", times.out_in_error_s)


if __name__ == "__main__":
    main()
