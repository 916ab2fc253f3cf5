"""What every runtime inside torch shares."""

import time

import torch

from profiler.machine.surroundings import look_around


class TorchRuntime:
    """Clock, surroundings, and torch without autograd's bookkeeping, as deployed."""

    def __init__(self) -> None:
        self.clock = time.perf_counter_ns
        self.surroundings = look_around
        # For the whole process, which does nothing else
        self.inference_mode = torch.inference_mode()
        self.inference_mode.__enter__()
