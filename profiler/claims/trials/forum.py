"""The script of the forum answer: its products, its loop, its clock and its arithmetic."""

import math
import statistics
import time
from typing import Any

import msgspec
import torch

from profiler.claims.forum_records import DeviceTimes, ForumSetup, ForumTimes

SEED = 2022


def run_script(*, setup: dict[str, Any]) -> ForumTimes:
    """Run the script on the CPU with all threads, then on CUDA where there is a device."""
    chosen = msgspec.convert(setup, ForumSetup)
    cuda = time_products(chosen, "cuda") if torch.cuda.is_available() else None
    return ForumTimes(
        torch_version=str(torch.__version__),
        threads=torch.get_num_threads(),
        cpu=time_products(chosen, "cpu"),
        cuda=cuda,
    )


def time_products(setup: ForumSetup, device: str) -> DeviceTimes:
    """Seconds per `setup.time` products: mean and standard error, by the script's own formula."""
    _ = torch.manual_seed(SEED)
    a = torch.randn(setup.b, setup.m, device=device)
    mr = torch.randn(setup.m, setup.n, device=device)
    ml = torch.randn(setup.n, setup.m, device=device)
    for _ in range(setup.warm):
        p = a @ mr
        p = a @ ml.T
    mr_timing: list[float] = []
    ml_t_timing: list[float] = []
    for _ in range(setup.stat):
        synchronize()
        start = time.time()
        for _ in range(setup.time):
            p = a @ mr
        synchronize()
        end = time.time()
        mr_timing.append(end - start)

        synchronize()
        start = time.time()
        for _ in range(setup.time):
            p = a @ ml.T  # noqa: F841 - the script keeps its product, so that memory is used alike
        synchronize()
        end = time.time()
        ml_t_timing.append(end - start)
    return DeviceTimes(
        device=torch.cuda.get_device_name() if device == "cuda" else "cpu",
        in_out_mean_s=statistics.mean(mr_timing),
        in_out_error_s=statistics.stdev(mr_timing) / math.sqrt(setup.stat - 1),
        out_in_mean_s=statistics.mean(ml_t_timing),
        out_in_error_s=statistics.stdev(ml_t_timing) / math.sqrt(setup.stat - 1),
    )


def synchronize() -> None:
    """Wait for CUDA, as the script does before each reading of its clock; without CUDA there is nothing to wait for."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
