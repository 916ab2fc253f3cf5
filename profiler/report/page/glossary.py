"""The words of a report, each in a sentence."""

TERMS = (
    ("transposed storage", "The weight is stored as [out, in], as PyTorch does: y = x @ W.T + b."),
    ("plain storage", "The weight is stored as [in, out], as Keras does: y = x @ W + b."),
    ("speedup", "Time with [in, out] over time with [out, in]: above 1, transposed storage is faster."),
    ("case", "One runtime, layer or network, batch, and number of threads."),
    ("pass", "A fresh process that measures every case that is still open, once."),
    ("null", "The same ratio between two loaded copies of one layout: what placement and noise alone can do."),
    ("noise", "The larger end of the null's interval."),
    ("margin", "The smallest difference worth acting on, fixed before the run."),
    ("pays off, costs", "The speedup lies above, or below, 1 by more than margin and noise, surely enough."),
    ("equal", "The whole interval lies within the margin, and the noise is smaller than the margin."),
    ("undecided", "Anything else. It does not say that there is no difference."),
    ("controlled, idiomatic", "Files that differ in the stored bytes alone, and files as people write them."),
    ("packed", "Copied by the runtime, at load, into an order of its own."),
    ("least this machine could take", "The time of a call at the measured peak or bandwidth, whichever is longer."),
    ("canary", "A fixed task, timed around the passes: it is slower when the machine is."),
)
