"""The canary: fixed work whose time tells of throttling that no file shows."""

import hashlib
import time

CANARY_BYTES = 65_536
CANARY_REPEATS = 9


def measure_canary() -> float:
    """The best time in seconds of several for the SHA-256 of 64 KiB: fixed work that fits every cache."""
    data = bytes(CANARY_BYTES)
    best = float("inf")
    for _ in range(CANARY_REPEATS):
        start = time.perf_counter()
        hashlib.sha256(data).digest()
        best = min(best, time.perf_counter() - start)
    return best
