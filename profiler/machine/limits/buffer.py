"""Memory to measure in: aligned to pages, written once, on huge pages where the kernel lends them."""

import contextlib
import mmap
from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
HUGE_BYTES = 2 << 20


def make_buffer(size_bytes: int) -> Bytes:
    """So many bytes of memory that starts on a page. Huge pages keep the TLB and page colours out of the figures."""
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS  # shared memory, the default, seldom gets huge pages
    memory = mmap.mmap(-1, size_bytes + HUGE_BYTES, flags=private)
    advice: Any = getattr(mmap, "MADV_HUGEPAGE", None)
    if advice is not None:
        with contextlib.suppress(OSError):  # a kernel without them, as on Raspberry Pi OS
            memory.madvise(advice)
    whole = np.frombuffer(memory, dtype=np.uint8)
    skip = -whole.ctypes.data % HUGE_BYTES
    buffer = whole[skip : skip + size_bytes]
    buffer.view(np.float32).fill(1.0)
    return buffer
