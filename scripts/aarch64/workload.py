"""The small bundle that is exported here and measured on Arm, and what a session of it must say."""

import sys
from collections.abc import Mapping
from pathlib import Path

from profiler.models.layout import WeightLayout
from profiler.session.records import EndReason, Session
from scripts.aarch64.programs import call

# Odd sizes, so that kernels meet the ends of rows that fill no register; an activation, and an input of rank 3
SUITE = """
name = "arm"
batches = [1, [2, 3]]

[[network]]
name = "classifier"
widths = [67, 45, 10]
hidden = "relu"
output = "log_softmax"
"""
CASES = 2  # of each runtime
AS_STORED, PACKED = ("out_in", "in_out"), ("packed", "packed")
BASE = {"onnxruntime": PACKED, "onnxruntime-unpacked": AS_STORED, "numpy": AS_STORED}
TORCH = {"torchscript": AS_STORED}


class CheckError(Exception):
    """Something is not as it must be. Says what."""


def export_bundle(folder: Path) -> Path:
    """Export the suite on this machine into a folder."""
    suite, bundle = folder / "arm.toml", folder / "bundle"
    suite.write_text(SUITE)
    profiler = [sys.executable, "-m", "profiler"]
    call([*profiler, "export", str(suite), "--form", "controlled", "-q", "-o", str(bundle)], doing="exporting a bundle")
    return bundle


def check_session(session: Session, executed: Mapping[str, tuple[str, str]]) -> str:
    """See that every case was checked, measured and executed in the layouts that are known of its runtime.

    Args:
        session: what was measured.
        executed: of each runtime, the layouts its kernels read where [out, in] and [in, out] are stored.

    Returns:
        What was found, in a few words.

    Raises:
        CheckError: something differs.
    """
    if session.failures:
        failed = session.failures[0]
        raise CheckError(f"{failed.subject} failed: {failed.message}; {failed.stderr_tail[-300:]}")
    if session.end is None or session.end.reason is not EndReason.COMPLETE:
        raise CheckError("the run did not come to its end")
    cases = {case.id: case for case in session.header.cases}
    if len(cases) != CASES * len(executed):
        raise CheckError(f"{len(cases)} cases instead of {CASES} for each of {', '.join(executed)}")
    for what, found in (
        ("checked", {check.case for check in session.checks}),
        ("measured", {block.case for block in session.blocks}),
        ("loaded for its costs", {cost.case for cost in session.costs}),
    ):
        if found != set(cases):
            raise CheckError(f"not {what}: {', '.join(sorted(set(cases) - found))}")
    for check in session.checks:
        _check_layouts(check.case, session, executed[cases[check.case].runtime])
    worst = max(arm.max_error / arm.tolerance for check in session.checks for arm in check.arms)
    count = sum(len(check.arms) for check in session.checks)
    return f"{count} answers right (at most {worst:.0%} of the tolerance), layouts as known"


def _check_layouts(case: str, session: Session, executed: tuple[str, str]) -> None:
    (check,) = (check for check in session.checks if check.case == case)
    arms = {arm.layout: arm for arm in check.arms}
    for layout, expected in zip((WeightLayout.OUT_IN, WeightLayout.IN_OUT), executed, strict=True):
        found = arms[layout].executed.layout
        if found != expected or arms[layout].stored_layout is not layout:
            raise CheckError(
                f"{case}: stored {arms[layout].stored_layout}, executed {found}; {layout} and {expected} are known"
            )
