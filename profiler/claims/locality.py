"""Claims 2 and 3: memory locality in naive loops, and how much of it the kernels of runtimes leave."""

from profiler.claims.claim import Claim
from profiler.claims.lab import Laboratory, Measurement
from profiler.claims.rules import (
    case_name,
    count_figures,
    judge_all_above,
    judge_within,
    largest,
    passes_text,
    speedup_figures,
    steepest_rise,
)
from profiler.judge.records import Row
from profiler.machine.caches import data_cache_sizes
from profiler.models.layout import LinearShape
from profiler.models.number_format import NumberFormat
from profiler.models.suite import square_side
from profiler.models.workload import Workload, linear_workload
from profiler.report.appendix_records import Finding, Scale, Text
from profiler.report.values import format_bytes

FRACTIONS = (0.5, 2.0)  # of each data cache: clearly inside, clearly outside
FALLBACK_CACHES = (32 << 10, 1 << 20)  # of a Raspberry Pi 4
MAX_WEIGHT_BYTES = {Scale.SMALL: 16 << 20, Scale.FULL: 128 << 20}  # naive loops walk 16 MiB in 40 ms
ITEM_BYTES = NumberFormat.FLOAT32.stored_bytes(1)
DOT, ROW = "reference-dot", "reference-row"
KERNELS = ("onnxruntime-unpacked", "eager-linear", "numpy")
SIDES = {Scale.SMALL: (256, 1024), Scale.FULL: (64, 128, 256, 512, 1024, 2048)}
BATCHES = {Scale.SMALL: (1, 8, 64), Scale.FULL: (1, 4, 8, 16, 32, 64, 128)}
DRAMATIC = 2.0  # the text says "dramatically" and, of fancy hardware, "certainly not a factor of two"
NAIVE_BUDGET_S = 50.0
KERNELS_BUDGET_S = 80.0


def examine_naive(lab: Laboratory) -> Finding:
    """Naive loops over squares that lie in each cache and beyond it."""
    caches = data_cache_sizes(lab.hardware.caches) or FALLBACK_CACHES
    workloads = [square(side, (1,)) for side in naive_sides(caches, MAX_WEIGHT_BYTES[lab.scale])]
    measured = lab.measure("naive", workloads, [DOT, ROW], budget_s=NAIVE_BUDGET_S)
    dot = measured.of(DOT)
    beyond = [found for found in dot if is_beyond(found, caches)]
    return Finding(
        done=f"naive products in numba, batch 1, one thread, {len(workloads)} squares across the caches: dot-product "
        f"order as the text describes it, and row order beside it; {passes_text(measured.comparisons)}",
        outcome=judge_all_above(beyond, DRAMATIC),
        reason=explain_naive(dot, beyond, measured.of(ROW)),
        figures=speedup_figures(measured.comparisons),
    )


def naive_sides(cache_sizes: tuple[int, ...], max_weight_bytes: int) -> list[int]:
    """The sides of squares at each of `FRACTIONS` of each cache, ascending, none above the limit."""
    sizes = {min(size * fraction, max_weight_bytes) for size in cache_sizes for fraction in FRACTIONS}
    return sorted({square_side(size) for size in sizes})


def is_beyond(comparison: Row, caches: tuple[int, ...]) -> bool:
    """Whether a row of the square fits the first-level cache and the whole matrix does not fit a core's own caches.

    The last of three levels is usually shared, and so large that the text's "small systems" have none like it.
    """
    side = side_of(comparison)
    own = caches[:2][-1]
    return ITEM_BYTES * side <= caches[0] and ITEM_BYTES * side * side > own


def side_of(comparison: Row) -> int:
    """How many rows and columns the square matrix of a case has."""
    assert comparison.in_features is not None, comparison.name
    return comparison.in_features


def explain_naive(dot: list[Row], beyond: list[Row], row: list[Row]) -> str:
    """Where the knee is, and that the other loop order turns the answer around."""
    parts = []
    knee = steepest_rise(dot)
    if knee:
        sides = " and ".join(f"{side}x{side} ({format_bytes(ITEM_BYTES * side * side)})" for side in map(side_of, knee))
        parts.append(f"the steepest rise lies between {sides}")
    parts.append(
        f"a row fits the first cache and the matrix no cache of one core in {len(beyond)} of {len(dot)} sizes"
        if beyond
        else "no size has a row that fits and a matrix that does not"
    )
    worst = largest(row)
    if worst and worst.speedup and worst.speedup.high < 1:
        parts.append("in row order, which adds one input at a time, plain storage wins instead")
    return "; ".join(parts)


def measure_kernels(lab: Laboratory) -> Measurement:
    """Squares and batches in the kernels of runtimes, which claims 3, 5 and 6 share."""
    batches = tuple((batch,) for batch in BATCHES[lab.scale])
    workloads = [square(side, *batches) for side in SIDES[lab.scale]]
    return lab.measure("kernels", workloads, KERNELS, budget_s=KERNELS_BUDGET_S)


def examine_kernels(lab: Laboratory) -> Finding:
    """Whether any kernel leaves a factor of two between the layouts."""
    comparisons = measure_kernels(lab).comparisons
    worst = largest(comparisons)
    runtimes = list(dict.fromkeys(found.case.runtime for found in comparisons))
    sides = ", ".join(str(side) for side in SIDES[lab.scale])
    batches = ", ".join(map(str, BATCHES[lab.scale]))
    return Finding(
        done=f"{', '.join(runtimes)}: squares of {sides}, batches {batches}, one thread; {passes_text(comparisons)}",
        outcome=judge_within(comparisons, DRAMATIC),
        reason=f"the layouts differ most in {case_name(worst)}" if worst else "nothing was measured",
        figures=(*count_figures(comparisons), *speedup_figures([worst] if worst else [])),
    )


def square(side: int, *batches: tuple[int, ...] | int) -> Workload:
    """A square layer without bias: the product alone, as the text has it."""
    shapes = tuple(batch if isinstance(batch, tuple) else (batch,) for batch in batches)
    shape = LinearShape(in_features=side, out_features=side, bias=False)
    return linear_workload(shape, batch_shapes=shapes, name=f"linear-{side}x{side}")


NAIVE = Claim(
    number=2,
    text=Text.FORUM,
    quote='On "small" systems where a row of a "large" matrix might fit into cache memory, but the whole matrix '
    "doesn't, matrix-matrix multiplication could be dramatically slower",
    done="naive products in both layouts over sizes across the caches",
    examine=examine_naive,
)
KERNELS_CLAIM = Claim(
    number=3,
    text=Text.FORUM,
    quote="gpus (as well as most modern cpu pipelines) are optimized to be able to stride efficiently through memory",
    done="the kernels of runtimes that read the stored layout",
    examine=examine_kernels,
)
