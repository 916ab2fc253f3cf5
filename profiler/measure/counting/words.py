"""What the counts of a case say, in a sentence."""

from profiler.measure.counting.evidence import Counted, CountFinding, Geometry
from profiler.models.layout import WeightLayout
from profiler.models.workload import batch_rows

ALIKE = 1.1  # times as many misses: below it, a difference explains no layout
APART = 1.5
ONCE = (0.85, 1.3)  # misses per line: each line is read in once, with what the runtime reads besides
HELD = 0.2  # below it, the cache keeps the weights from call to call
EVERY_LOAD = 0.9  # of all loads of weights
FEW = 256  # misses: fewer say nothing of where they go on to


def explain_pair(arms: dict[WeightLayout, Counted], geometry: Geometry | None) -> CountFinding:
    """What both layouts of a case say; with the caches that were simulated, if they were."""
    some = next(iter(arms.values()))
    return CountFinding(case=some.case, runtime=some.runtime, source=some.source, text=_text(arms, geometry))


def _text(arms: dict[WeightLayout, Counted], geometry: Geometry | None) -> str:
    failed = [arm for arm in arms.values() if arm.problem is not None]
    if failed:
        return f"{' and '.join(arm.layout for arm in failed)} could not be counted: {failed[0].problem}"
    misses = {layout: arm.d1_read_misses for layout, arm in arms.items()}
    if len(misses) < len(WeightLayout) or None in misses.values():
        return "the misses of the first level were not counted for both layouts"
    first = _first_level(list(arms.values()), geometry.data.size_bytes if geometry else 0)
    last = _last_level(list(arms.values()), geometry.last_name if geometry else "last level")
    return f"{first}. {last}." if last else f"{first}."


def _first_level(arms: list[Counted], data_bytes: int) -> str:
    more, less = sorted(arms, key=_misses, reverse=True)
    shares = [arm.misses_per_line or 0.0 for arm in (more, less)]
    ratio = _misses(more) / max(1.0, _misses(less))
    if shares[0] < HELD:
        return "the first level keeps the weight in both layouts: misses do not tell them apart"
    if more.weight_bytes < data_bytes and ratio < APART:
        text = "the weight fits into the first level: these misses are mostly the runtime's own, its input and output"
        return f"{text}, and do not tell the layouts apart"
    if ratio < ALIKE:
        return f"both layouts {_how_often(sum(shares) / 2)}: misses do not tell them apart"
    text = f"{more.layout} misses {ratio:.3g} times as often as {less.layout}"
    if ratio < APART:
        return f"{text}, {shares[0]:.3g} against {shares[1]:.3g} times a line of the weight"
    if _misses(more) >= EVERY_LOAD * more.weight_count * batch_rows(more.batch_shape):
        text += ": each load of a weight is a miss"
    return f"{text}; {less.layout} {_how_often(shares[1], 's')}"


def _how_often(share: float, ending: str = "") -> str:
    """What a layout does with its lines, by the misses per line; `ending` is the verb's."""
    if share < HELD:
        return f"keep{ending} the weight in the first level"
    if ONCE[0] <= share <= ONCE[1]:
        return f"read{ending} every line of the weight once"
    return f"miss{ending and 'es'} {share:.2g} times per line of the weight"


def _last_level(arms: list[Counted], last_name: str) -> str:
    """Whether the misses go on to memory."""
    if any(arm.ll_read_misses is None for arm in arms) or min(_misses(arm) for arm in arms) < FEW:
        return ""
    shares = [(arm.ll_read_misses or 0.0) / max(1.0, _misses(arm)) for arm in arms]
    if max(shares) < HELD:
        return f"The {last_name} holds the weight: hardly any of these misses reach memory"
    more, less = sorted(arms, key=lambda arm: arm.ll_read_misses or 0.0, reverse=True)
    ratio = (more.ll_read_misses or 0.0) / max(1.0, less.ll_read_misses or 0.0)
    first = [_misses(arm) for arm in arms]
    if ratio < ALIKE <= max(first) / min(first):
        return "From memory both read about as many lines"
    if min(shares) > 1 - HELD:
        return f"Nearly all of these misses go on through the {last_name} to memory"
    if ratio >= ALIKE:
        return f"{more.layout} reads {ratio:.3g} times as many lines from memory as {less.layout}"
    return f"{100 * sum(shares) / len(shares):.0f} % of these misses go on through the {last_name} to memory"


def _misses(arm: Counted) -> float:
    return arm.d1_read_misses or 0.0
