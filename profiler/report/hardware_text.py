"""A hardware report in words: sections of labelled lines, each with its source, and a drawing of cores and caches."""

import re
from collections.abc import Iterator, Sequence

from profiler.base.record import Record
from profiler.base.text import plain
from profiler.machine.advice import advise
from profiler.machine.environment import NONE
from profiler.machine.records import CacheInfo, Conflict, Fact, HardwareInfo
from profiler.machine.sources.throttling import throttle_words
from profiler.report.machine_sketch import draw_caches
from profiler.report.measured_text import Line, measured_lines
from profiler.report.values import UNKNOWN, format_bytes, format_time

_GIGA = 1e9
ADVICE = "Before you measure"
ADVICE_MARK = "!"
CONDITIONS = "Conditions"


class Section(Record, frozen=True, kw_only=True):
    """Lines that belong together. `drawing` stands above them, its columns aligned."""

    title: str
    lines: tuple[Line, ...]
    drawing: tuple[str, ...] = ()


def machine_sections(hardware: HardwareInfo) -> list[Section]:
    """The whole report, one section after another; those with nothing to say are left out."""
    sections = (
        Section(title="Board and processor", lines=tuple(_processor(hardware))),
        Section(title="Caches", lines=tuple(_caches(hardware)), drawing=draw_caches(hardware)),
        Section(title="Memory and system", lines=tuple(_system(hardware))),
        Section(title=CONDITIONS, lines=tuple(_conditions(hardware))),
        Section(title="Where sources differ", lines=tuple(map(_conflict, hardware.conflicts))),
        Section(title="Measured", lines=tuple(measured_lines(hardware))),
        Section(title=ADVICE, lines=tuple(_advice(hardware))),
    )
    return [_harmless(section) for section in sections if section.lines]


def report_sections(hardware: HardwareInfo) -> list[Section]:
    """What a report of a session shows of it: warnings of its own take the place of advice."""
    return [section for section in machine_sections(hardware) if section.title != ADVICE]


def hardware_lines(hardware: HardwareInfo) -> list[tuple[str, str]]:
    """All facts of a machine as label and text, without the conditions: a session has them over the whole run."""
    return [
        (line.label, f"{line.text} ({line.source})" if line.source else line.text)
        for section in report_sections(hardware)
        if section.title != CONDITIONS
        for line in section.lines
    ]


def _harmless(section: Section) -> Section:
    return Section(
        title=section.title,
        lines=tuple(
            Line(label=plain(line.label), text=plain(line.text), source=plain(line.source)) for line in section.lines
        ),
        drawing=tuple(map(plain, section.drawing)),
    )


def _processor(hardware: HardwareInfo) -> Iterator[Line]:
    yield _fact_line("Board", hardware.board.model)
    if hardware.board.soc.value is not None:
        yield _fact_line("Chip", hardware.board.soc)
    if hardware.board.note.value is not None:
        yield _fact_line("Note", hardware.board.note)
    yield _fact_line("CPU", hardware.cpu_name)
    cores = hardware.physical_cores
    yield Line(
        label="Cores",
        text=f"{cores.value or UNKNOWN}; CPUs online: {hardware.logical_cpus.value or UNKNOWN}",
        source=hardware.logical_cpus.source,
    )
    for kind in hardware.core_types:
        numbers = "" if kind.part is None else f", part {kind.implementer or 0:#x}/{kind.part:#x}"
        yield Line(
            label="Core type", text=f"{kind.name or UNKNOWN}{numbers}, CPUs {ranges(kind.cpus)}", source=kind.source
        )
    yield from _environment(hardware)


def _environment(hardware: HardwareInfo) -> Iterator[Line]:
    environment = hardware.environment
    facts = (
        ("Virtual machine", environment.vm), ("Container", environment.container), ("Emulation", environment.emulation),
    )  # fmt: skip
    for label, fact in facts:
        if fact.value not in {None, NONE}:
            yield _fact_line(label, fact)
    if all(fact.value == NONE for _, fact in facts):
        yield Line(label="Runs on", text="the bare machine: no virtual machine, container or emulator found")
    if environment.userland.value is not None:
        machine = hardware.machine.value or UNKNOWN
        yield Line(
            label="Userland", text=f"{environment.userland.value}, {machine}", source=environment.userland.source
        )


def _caches(hardware: HardwareInfo) -> Iterator[Line]:
    if not hardware.caches:
        yield Line(label="Caches", text=UNKNOWN)
    several = len(hardware.core_types) > 1
    for cache in hardware.caches:
        label = f"L{cache.level} {cache.type}"
        of = f", of {cache.core}" if several and cache.core else ""
        yield Line(label=label, text=cache_text(cache) + of, source=_cache_source(cache))


def cache_text(cache: CacheInfo) -> str:
    """`4 x 32 KiB, 2-way, 64 B lines, 256 sets, per CPU`."""
    count = "? x" if cache.instances is None else f"{cache.instances} x"
    details = [
        f"{cache.ways_of_associativity}-way" if cache.ways_of_associativity else "",
        f"{cache.line_size_bytes} B lines" if cache.line_size_bytes else "",
        f"{cache.number_of_sets} sets" if cache.number_of_sets else "",
    ]
    sharers = max(map(len, cache.shared_cpus), default=0)
    details.append(f"shared by {sharers} CPUs" if sharers > 1 else "per CPU" if sharers else "sharing unknown")
    return ", ".join([f"{count} {format_bytes(cache.size_bytes)}", *filter(None, details)])


def _cache_source(cache: CacheInfo) -> str:
    """Where the size comes from, and in short what else comes from elsewhere."""
    others: dict[str, list[str]] = {}
    for name, origin in cache.origins.items():
        if origin.source != cache.source:
            others.setdefault(origin.source, []).append(name.split("_", maxsplit=1)[0])
    return "; ".join([cache.source, *(f"{', '.join(names)}: {source}" for source, names in others.items())])


def _system(hardware: HardwareInfo) -> Iterator[Line]:
    total, available = hardware.memory.total_bytes, hardware.memory.available_bytes
    free = "" if available.value is None else f", {format_bytes(available.value)} available"
    yield Line(label="Memory", text=format_bytes(total.value) + free, source=total.source)
    kind, rate = hardware.memory.kind, hardware.memory.theoretical_bytes_per_s
    if kind.value is not None or rate.value is not None:
        speed = "" if rate.value is None else f", at most {rate.value / _GIGA:.3g} GB/s in theory"
        yield Line(
            label="Memory type", text=f"{kind.value or UNKNOWN}{speed}", source=(kind if kind.value else rate).source
        )
    yield _fact_line("System", hardware.operating_system)
    yield _fact_line("Kernel", hardware.kernel)
    system = hardware.system
    if system.firmware.value is not None:
        yield _fact_line("Firmware", system.firmware)
    known = [
        "" if system.page_size_bytes.value is None else f"{format_bytes(system.page_size_bytes.value)} each",
        _named("transparent huge pages {}", system.transparent_huge_pages.value),
        _named("{} huge pages reserved", system.huge_pages.value),
        _named("memory nodes: {}", system.numa_nodes.value),
    ]
    yield Line(label="Pages", text="; ".join(filter(None, known)) or UNKNOWN)
    if hardware.software:
        yield Line(label="Software", text=", ".join(f"{name} {version}" for name, version in hardware.software.items()))


def _conditions(hardware: HardwareInfo) -> Iterator[Line]:
    state = hardware.conditions
    for domain in hardware.clock_domains:
        name, hz = domain.policy, state.frequencies_hz.get(domain.policy)
        low, high = state.min_frequencies_hz.get(name), state.max_frequencies_hz.get(name)
        who = domain.core or (f"CPUs {ranges(domain.cpus)}" if domain.cpus else name)
        yield Line(
            label="Clock",
            text=f"{who}: {_mhz(hz)} now, {_mhz(low)} to {_mhz(high)} allowed, governor "
            f"{state.governors.get(name, UNKNOWN)}",
            source="cpufreq: as asked for",
        )
    if not hardware.clock_domains:
        yield Line(label="Clock", text=UNKNOWN)
    if state.firmware_frequency_hz:
        yield Line(label="True clock", text=_mhz(state.firmware_frequency_hz), source="vcgencmd measure_clock arm")
    temperatures = ", ".join(f"{name} {value:.1f} C" for name, value in state.temperatures_celsius.items())
    yield Line(label="Temperature", text=temperatures or UNKNOWN)
    if state.throttled is not None:
        yield Line(
            label="Throttling", text=", ".join(throttle_words(state.throttled)) or "none", source="get_throttled"
        )
    if state.under_voltage is not None:
        yield Line(label="Supply", text="under-voltage" if state.under_voltage else "no alarm", source="hwmon rpi_volt")
    allowed = UNKNOWN if state.cpus_allowed is None else ranges(state.cpus_allowed)
    quota = "no limit" if state.cpu_quota is None else f"{state.cpu_quota:.3g} CPUs"
    limit = "no limit" if state.memory_limit_bytes is None else format_bytes(state.memory_limit_bytes)
    yield Line(label="Allowed", text=f"CPUs {allowed}; control group: CPU time {quota}, memory {limit}")
    load = UNKNOWN if state.load_1min is None else f"{state.load_1min:.2f}"
    canary = "" if state.canary_s is None else f"; canary {format_time(state.canary_s)}"
    yield Line(label="Load", text=f"{load} over a minute; swapped out {format_bytes(state.swap_used_bytes)}{canary}")


def _conflict(conflict: Conflict) -> Line:
    others = "; ".join(f"{_claimed(conflict, claim.value)} by {claim.source}" for claim in conflict.others)
    used = f"{_claimed(conflict, conflict.used.value)} by {conflict.used.source}"
    return Line(label="Conflict", text=f"{conflict.fact}: used {used}, but {others}")


def _claimed(conflict: Conflict, value: str) -> str:
    if conflict.unit != "bytes":
        return f'"{value}"'
    words = (format_bytes(int(word)) if re.fullmatch("[0-9]{1,19}", word) else word for word in value.split())
    return " ".join(words)


def _advice(hardware: HardwareInfo) -> Iterator[Line]:
    for advice in advise(hardware):
        yield Line(label=ADVICE_MARK, text=f"{advice.text}: {advice.next_step}")


def _fact_line(label: str, fact: Fact[str]) -> Line:
    return (
        Line(label=label, text=UNKNOWN)
        if fact.value is None
        else Line(label=label, text=fact.value, source=fact.source)
    )


def _named(text: str, value: object) -> str:
    return "" if value is None else text.format(value)


def _mhz(hz: int | None) -> str:
    return UNKNOWN if hz is None else f"{hz / 1e6:.0f} MHz"


def ranges(cpus: Sequence[int]) -> str:
    """CPU numbers in short: `0-3,6`."""
    runs: list[list[int]] = []
    for cpu in sorted(cpus):
        if runs and cpu == runs[-1][-1] + 1:
            runs[-1].append(cpu)
        else:
            runs.append([cpu])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs) or "none"
