"""A nursery: a process that has imported a runtime, and forks a worker for every pass.

Importing torch takes seconds on a small board, and a fresh process pays them in every pass. A forked worker does not,
but inherits the address space of its parent; so before it loads anything it fills a random part of the holes in the
heap and between mappings, and goes a random way down the stack. `scripts/forked_workers.py` measures whether such
workers vary as freely as fresh ones.
"""

import ctypes
import math
import mmap
import random
from collections.abc import Callable

from profiler.base.inside import Pipes
from profiler.measure.forks import fork, wait_for
from profiler.measure.messages import ForkRequest, Request, WorkerEnded

REGIONS = 32  # mappings a worker makes, half of which stay
MAX_REGION_PAGES = 512
BLOCKS = 2000  # at most so many blocks it takes from the heap, half of which stay
LOG_BLOCK_BYTES = (math.log(16), math.log(1 << 16))
MAX_STACK_BYTES = 4096


def host(pipes: Pipes[Request], serve: Callable[[], None]) -> None:
    """Fork a worker whenever asked to, until the supervisor is gone. `serve` answers requests until it is to end."""
    while isinstance(pipes.request(), ForkRequest):
        pipes.send(WorkerEnded(status=wait_for(fork(lambda: _raise_worker(serve))).status))


def _raise_worker(serve: Callable[[], None]) -> bool:
    generator = random.Random()
    regions = scatter(generator)
    ended = go_deeper(generator.randrange(1, MAX_STACK_BYTES), serve)
    del regions
    return ended


def scatter(generator: random.Random) -> list[mmap.mmap]:
    """Fill a random part of the holes in the heap and between mappings, so that what follows lands anywhere.

    Returns the mappings that are to stay. No malloc reaches 128 KiB: freeing a larger one would raise glibc's
    threshold, and weights that a fresh process maps would then come from the heap.
    """
    regions = [mmap.mmap(-1, mmap.PAGESIZE * generator.randint(1, MAX_REGION_PAGES)) for _ in range(REGIONS)]
    malloc, free = ctypes.CDLL(None).malloc, ctypes.CDLL(None).free
    malloc.restype, malloc.argtypes, free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
    blocks = [malloc(round(math.exp(generator.uniform(*LOG_BLOCK_BYTES)))) for _ in range(generator.randrange(BLOCKS))]
    generator.shuffle(blocks)
    for block in blocks[: len(blocks) // 2]:
        free(block)
    generator.shuffle(regions)
    for region in regions[: REGIONS // 2]:
        region.close()
    return regions[REGIONS // 2 :]


def go_deeper(size_bytes: int, act: Callable[[], None]) -> bool:
    """Act that much further down the stack, as after a larger environment: what is passed by value lies there.

    Returns whether it went well; if not, ctypes has printed the traceback.
    """

    class Padding(ctypes.Structure):
        _fields_ = (("content", ctypes.c_char * size_bytes),)

    done = []

    def call(_: Padding) -> None:
        act()
        done.append(True)

    ctypes.CFUNCTYPE(None, Padding)(call)(Padding())
    return bool(done)
