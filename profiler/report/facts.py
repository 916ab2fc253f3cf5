"""What a report says around its rows: the machine, its conditions over the run, and the method."""

from collections.abc import Sequence

from profiler.records import CacheInfo, HardwareInfo, Record
from profiler.report.cells import UNKNOWN, format_bytes, format_time, plain
from profiler.report.summary import Moment, Summary

_BARS = "".join(chr(0x2581 + step) for step in range(8))  # lower one eighth block to full block


class MomentText(Record, frozen=True, kw_only=True):
    """A line of the timeline in words."""

    when: str
    at: str
    canary: str
    frequency: str
    temperature: str
    load: str
    swap: str
    disturbed: str


def timeline_texts(summary: Summary) -> list[MomentText]:
    """The machine before every pass and at the end."""
    return [_moment_text(moment) for moment in summary.timeline]


def _moment_text(moment: Moment) -> MomentText:
    state = moment.conditions
    marks = ", ".join(f"{mark} {count}" for mark, count in moment.disturbed.items())
    disturbed = f"{marks} (of {moment.blocks} blocks)" if marks else f"no block of {moment.blocks}"
    minutes, seconds = divmod(round(state.at_s), 60)
    return MomentText(
        when="end" if moment.is_end else f"pass {moment.pass_index + 1}",
        at=f"{minutes}:{seconds:02d}",
        canary=format_time(state.canary_s),
        frequency=_range([hz / 1e6 for hz in state.frequencies_hz.values()], "MHz"),
        temperature=_range(list(state.temperatures_celsius.values()), "C"),
        load="-" if state.load_1min is None else f"{state.load_1min:.2f}",
        swap=format_bytes(state.swap_used_bytes),
        disturbed=disturbed if moment.blocks else "",
    )


def _range(values: list[float], unit: str) -> str:
    if not values:
        return "-"
    low, high = min(values), max(values)
    return f"{low:.0f} {unit}" if round(low) == round(high) else f"{low:.0f}-{high:.0f} {unit}"


def sparkline(values: Sequence[float]) -> str:
    """A row of bars from the smallest value to the largest."""
    low, high = min(values), max(values)
    steps = len(_BARS) - 1
    return "".join(_BARS[round(steps * (value - low) / (high - low)) if high > low else 0] for value in values)


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
    margin, level = f"{100 * summary.margin:.3g} %", f"{100 * summary.confidence_level:.4g} %"
    looks = ", ".join(map(str, options.looks))
    sets = "as often as a pilot showed to pay" if options.sets is None else f"{options.sets} times"
    process = "process forked from one that has imported the runtime" if options.forked else "fresh process"
    made = (
        f"Suite {summary.suite}, measured {summary.created_utc} by layout-profiler {summary.tool_version}; at most "
        f"{options.passes} passes, seed {options.seed}."
    )
    passes = (
        f"A pass is a {process}. In it every open case loads each layout twice, in random order with random "
        f"padding between, {sets}, and times all four copies in rounds of slices of about "
        f"{options.slice_s * 1000:.3g} ms. A disturbed block is measured once more, up to a quarter of all."
    )
    ratio = (
        "Speedup is time([in, out]) / time([out, in]): above 1, transposed storage is faster. Its interval is a "
        f"{level} t interval over passes that holds at every look, for its own case. The null is the same ratio "
        "between two copies of one layout in the same passes; its larger end is the noise."
    )
    verdicts = (
        f"Verdicts, after {looks} passes: pays off or costs when the ratio lies beyond both {margin} and the noise, "
        f"surely enough for all {summary.tested_cases} cases together (Holm's procedure, {level}); equal when the "
        f"interval lies within {margin} and the noise is smaller; else undecided. A sign-flip test must agree."
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
