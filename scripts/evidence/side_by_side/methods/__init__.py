"""The methods, a module each: `measure(request)` answers, and `start(request)` runs one worker that measures nothing.

Each is run in a process of its own (`__main__`), which alone imports it.
"""

METHODS = {
    "forum script": "forum",
    "torch.utils.benchmark": "torch_timer",
    "pyperf": "pyperf_processes",
    "benchmatrix": "benchmatrix_paired",
    "ours": "ours",
    "ours to the end": "ours_to_the_end",
}
