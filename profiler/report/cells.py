"""How values read: times, sizes, ratios, layouts. Shared by the formats that people look at."""

import math
import unicodedata

from models.layout import WeightLayout
from profiler.records import CacheInfo, Estimate, ExecutedLayout, HardwareInfo, Record, Verdict
from profiler.report.summary import Arm, Row, Summary

UNKNOWN = "unknown"
_EXECUTED = {
    ExecutedLayout.OUT_IN: WeightLayout.OUT_IN.axes,
    ExecutedLayout.IN_OUT: WeightLayout.IN_OUT.axes,
    ExecutedLayout.PACKED: "packed",
    ExecutedLayout.UNKNOWN: UNKNOWN,
}


def plain(text: object) -> str:
    """Text from a file as one harmless line: no control characters, no terminal escapes, no direction marks."""
    return "".join(
        " "
        if character in "\n\t"
        else character
        if unicodedata.category(character)[0] != "C"
        else "\N{REPLACEMENT CHARACTER}"
        for character in str(text)
    )


def format_time(seconds: float | None) -> str:
    """Three significant digits with a unit."""
    if seconds is None:
        return "-"
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * factor >= 1:
            return f"{_three_digits(seconds * factor)} {unit}"
    return f"{_three_digits(seconds * 1e9)} ns"


def _three_digits(value: float) -> str:
    rounded = float(f"{value:.3g}")
    digits = max(0, 2 - math.floor(math.log10(rounded))) if rounded > 0 else 0
    return f"{rounded:.{min(digits, 2)}f}"


def format_bytes(count: int | None) -> str:
    """Binary units, as caches are named."""
    if count is None:
        return UNKNOWN
    value = float(count)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:  # noqa: PLR2004
            return f"{value:.3g} {unit}"
        value /= 1024
    return f"{value:.3g} GiB"


def format_ratio(estimate: Estimate | None) -> str:
    """`1.34 [1.31, 1.37]`."""
    if estimate is None:
        return "-"
    return f"{estimate.point:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def format_percent(fraction: float | None) -> str:
    """`0.8 %`."""
    return "-" if fraction is None else f"{100 * fraction:.1f} %"


def format_arm(arm: Arm, layout: WeightLayout) -> str:
    """`[out, in] -> packed`: what is stored and what is executed."""
    stored = arm.stored_layout.axes if arm.stored_layout else UNKNOWN
    note = "" if arm.stored_layout in (layout, None) else f" (asked for {layout.axes})"
    executed = _EXECUTED[arm.executed.layout] if arm.executed else UNKNOWN
    return f"{stored}{note} -> {executed}"


class RowText(Record, frozen=True, kw_only=True):
    """A row in words; each format chooses what it shows and where."""

    layer: str
    batch: str
    weights: str
    fits_in: str
    out_in: str
    in_out: str
    speedup: str
    null: str
    noise: str
    verdict: str
    advice: str
    arms: tuple[str, ...]


def row_text(row: Row) -> RowText:
    """A row in words."""
    return RowText(
        layer=row.dimensions,
        batch=row.batch,
        weights=format_bytes(row.weight_bytes),
        fits_in=row.fits_in,
        out_in=format_time(row.arms[WeightLayout.OUT_IN].time_s),
        in_out=format_time(row.arms[WeightLayout.IN_OUT].time_s),
        speedup=format_ratio(row.speedup),
        null=format_ratio(row.null),
        noise=format_percent(row.noise_floor),
        verdict=row.verdict.value,
        advice=_advice(row),
        arms=tuple(format_arm(row.arms[layout], layout) for layout in WeightLayout),
    )


def _advice(row: Row) -> str:
    """What would decide an undecided case."""
    if row.verdict is not Verdict.UNDECIDED or not row.passes:
        return ""
    if row.more_passes is None:
        return "more passes will hardly decide it"
    return f"about {row.more_passes} more {'pass' if row.more_passes == 1 else 'passes'} would decide it"


def group_title(row: Row) -> str:
    """What the rows of one table share."""
    threads = "1 thread" if row.case.threads == 1 else f"{row.case.threads} threads"
    return f"{row.case.runtime}, {row.case.form}, {row.case.dtype}, {threads}, {row.case.weights} weights"


def groups(rows: tuple[Row, ...]) -> list[tuple[str, list[Row]]]:
    """Rows by what they share, in order of first appearance."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(group_title(row), []).append(row)
    return list(found.items())


def hardware_lines(hardware: HardwareInfo) -> list[tuple[str, str]]:
    """The hardware as label and text, each with its source."""
    lines = [
        ("Board", _fact(hardware.board.model)),
        ("CPU", _fact(hardware.cpu_name)),
        ("Cores", f"{_fact(hardware.physical_cores)}; logical CPUs: {_fact(hardware.logical_cpus)}"),
        *((f"L{cache.level} {cache.type}", _cache(cache)) for cache in hardware.caches),
        ("Memory", _bytes_fact(hardware)),
        ("System", f"{_fact(hardware.operating_system)}; kernel {_fact(hardware.kernel)}"),
        ("Machine", f"{_fact(hardware.machine)}; bits of this Python: {_fact(hardware.pointer_bits)}"),
        ("Runs in", _fact(hardware.virtualization)),
        ("Governor", _joined(hardware.conditions.governors)),
        (
            "Frequency",
            _joined({name: f"{hz / 1e6:.0f} MHz" for name, hz in hardware.conditions.frequencies_hz.items()}),
        ),
        ("Temperature", _joined({n: f"{c:.1f} C" for n, c in hardware.conditions.temperatures_celsius.items()})),
        ("Software", ", ".join(f"{name} {version}" for name, version in hardware.software.items()) or UNKNOWN),
    ]
    if not hardware.caches:
        lines.insert(3, ("Caches", UNKNOWN))
    return [(label, plain(text)) for label, text in lines]


def method_lines(summary: Summary) -> list[str]:
    """How it was measured, in short."""
    options = summary.options
    margin, level = f"{100 * summary.margin:.3g} %", f"{100 * summary.confidence_level:.3g} %"
    made = (
        f"Suite {summary.suite}, measured {summary.created_utc} by layout-profiler {summary.tool_version}; "
        f"{options.passes} passes, seed {options.seed}."
    )
    passes = (
        "A pass is a fresh process. In it every case loads each layout twice, in random order with random padding "
        f"between, and times all four copies in {options.rounds} rounds of slices of about "
        f"{options.slice_s * 1000:.3g} ms."
    )
    ratio = (
        "Speedup is time([in, out]) / time([out, in]): above 1, transposed storage is faster. Its interval is a "
        f"{level} t interval over passes. The noise is how far apart two copies of one layout may lie in the same "
        "passes."
    )
    verdicts = (
        f"Verdicts: pays off or costs when the whole interval lies beyond both {margin} and the noise; equal when it "
        f"lies within {margin} and the noise is smaller; else undecided."
    )
    return [made, passes, ratio, verdicts]


def _fact(fact: object) -> str:
    value, source = getattr(fact, "value", None), getattr(fact, "source", "")
    return UNKNOWN if value is None else f"{value} ({source})"


def _bytes_fact(hardware: HardwareInfo) -> str:
    total = hardware.memory.total_bytes
    return UNKNOWN if total.value is None else f"{format_bytes(total.value)} ({total.source})"


def _cache(cache: CacheInfo) -> str:
    ways = f", {cache.ways_of_associativity}-way" if cache.ways_of_associativity else ""
    line = f", {cache.line_size_bytes} B lines" if cache.line_size_bytes else ""
    shared = max(map(len, cache.shared_cpus), default=1)
    sharing = f"shared by {shared} CPUs" if shared > 1 else "per CPU"
    return f"{cache.instances} x {format_bytes(cache.size_bytes)}{ways}{line}, {sharing} ({cache.source})"


def _joined(values: dict[str, str]) -> str:
    kinds = set(values.values())
    if len(kinds) == 1:
        return kinds.pop()
    return ", ".join(f"{name} {value}" for name, value in values.items()) or UNKNOWN
