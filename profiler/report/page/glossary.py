"""The words of a report, each in a sentence."""

from profiler.judge.wording import RULE_TERMS

TERMS = (
    ("transposed storage", "The weight is stored as [out, in], as PyTorch does: y = x @ W.T + b."),
    ("plain storage", "The weight is stored as [in, out], as Keras does: y = x @ W + b."),
    ("speedup", "Time with [in, out] over time with [out, in]: above 1, transposed storage is faster."),
    ("case", "One runtime, layer or network, batch, and number of threads."),
    ("pass", "A fresh process that measures every case that is still open, once."),
    *RULE_TERMS,
    ("controlled, idiomatic", "Files that differ in the stored bytes alone, and files as people write them."),
    ("packed", "Copied by the runtime, at load, into an order of its own."),
    ("least this machine could take", "The time of a call at the measured peak or bandwidth, whichever is longer."),
    ("canary", "A fixed task, timed around the passes: it is slower when the machine is."),
)
