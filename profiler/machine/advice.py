"""What a hardware report shows that would spoil a measurement, and what to do about it. Nothing is changed here."""

from collections.abc import Iterator

from profiler.base.record import Record
from profiler.machine.environment import NONE, is_emulated
from profiler.machine.records import Conditions, HardwareInfo
from profiler.machine.sources.boardstatements import board_by_id
from profiler.machine.sources.throttling import NOW, throttle_words

SET_GOVERNOR = "echo performance | sudo tee /sys/devices/system/cpu/cpufreq/policy*/scaling_governor"
PROCESSOR_ZONES = ("cpu", "soc", "package", "core")  # beside them there are zones of radios, disks and chargers
SWAPPED_BYTES = 16 << 20
BUSY_LOAD = 0.5  # of one CPU, averaged over a minute
HOT_CELSIUS = 70.0  # Raspberry Pis slow down from 80, sooner under load
HEADROOM_CELSIUS = 5.0  # below a board's own soft limit, such as the 60 degrees of a Raspberry Pi 3B+
SMALL_MEMORY_BYTES = 256 << 20
CLOCK_GAP = 0.9  # below this share of what cpufreq says, the firmware throttles


class Advice(Record, frozen=True, kw_only=True):
    """Something about the machine that matters to a measurement, and what to do."""

    text: str
    next_step: str


def advise(hardware: HardwareInfo) -> tuple[Advice, ...]:
    """Everything worth saying before a run, the gravest first."""
    if is_emulated(hardware.environment):
        return tuple(_about_the_environment(hardware))
    return (
        *_about_the_environment(hardware),
        *_about_the_firmware(hardware),
        *_about_the_clock(hardware),
        *_about_the_heat(hardware),
        *_about_the_allowance(hardware),
        *_about_the_memory(hardware),
        *_about_the_caches(hardware),
    )


def advise_on_results(hardware: HardwareInfo) -> tuple[Advice, ...]:
    """What still matters to a reader of results: what the machine is, not the state it was in before the run."""
    return (*_about_the_environment(hardware), *_about_the_caches(hardware))


def _about_the_environment(hardware: HardwareInfo) -> Iterator[Advice]:
    environment = hardware.environment
    if is_emulated(environment):
        yield Advice(
            text=f"emulated, {environment.emulation.value}: /proc and /sys are the host's, and times mean nothing",
            next_step="use it to see whether software starts; measure on the board",
        )
    if environment.vm.value not in {None, NONE}:
        name = "" if environment.vm.value == "virtual machine" else f" ({environment.vm.value})"
        yield Advice(
            text=f"this is a virtual machine{name}: its caches are what the hypervisor says, and neighbours share them",
            next_step="check them with hardware --measure" if hardware.measured is None else "see what was measured",
        )
    if environment.userland.value == "32-bit on a 64-bit kernel":
        yield Advice(
            text="this Python is a 32-bit program on a 64-bit kernel: ONNX Runtime and torch have no such wheels",
            next_step="install a 64-bit system, or measure with the runtime numpy",
        )


def _about_the_firmware(hardware: HardwareInfo) -> Iterator[Advice]:
    conditions = hardware.conditions
    words = throttle_words(conditions.throttled)
    low_voltage = conditions.under_voltage or (conditions.throttled or 0) & 0x10001
    if conditions.under_voltage and not words:
        words = ["under-voltage (the kernel's alarm)"]
    if words:
        now = conditions.under_voltage or (conditions.throttled or 0) & NOW
        when = (
            "goes on now" if (conditions.throttled or 0) & NOW else "happened lately" if now else "happened since boot"
        )
        power = "use a power supply that holds its voltage" if low_voltage else "cool the board"
        yield Advice(
            text=f"the firmware reports {', '.join(words)}",
            next_step=f"{power}; this {when}" + ("" if now else ", so reboot and look again before you measure"),
        )
    truth = conditions.firmware_frequency_hz
    told = max(conditions.frequencies_hz.values(), default=0)
    if truth and told and truth < CLOCK_GAP * told:
        yield Advice(
            text=f"cpufreq says {told / 1e6:.0f} MHz, the firmware measures {truth / 1e6:.0f} MHz",
            next_step="check power supply and cooling: the firmware holds the clock down",
        )


def _about_the_clock(hardware: HardwareInfo) -> Iterator[Advice]:
    state = hardware.conditions
    where = " on the host" if hardware.environment.container.value not in {None, NONE} else ""
    governors = sorted(set(state.governors.values()) - {"performance"})
    if governors:
        slow = [
            name for name, governor in state.governors.items() if governor == "powersave" and _is_lowest(state, name)
        ]
        what = "every call runs at the lowest clock" if slow else "calls after a pause run at a lower clock"
        yield Advice(
            text=f"the frequency governor is {', '.join(governors)}: {what}",
            next_step=f"set performance{where} for the run, and {governors[0]} again after it: {SET_GOVERNOR}",
        )
    capped = [
        domain.policy
        for domain in hardware.clock_domains
        if domain.max_hz and (state.max_frequencies_hz.get(domain.policy) or domain.max_hz) < domain.max_hz
    ]
    if capped:
        yield Advice(
            text=f"the highest clock is capped below what the hardware allows ({', '.join(capped)})",
            next_step="if that is not wanted, raise scaling_max_freq to cpuinfo_max_freq",
        )


def _is_lowest(state: Conditions, policy: str) -> bool:
    now, low = state.frequencies_hz.get(policy), state.min_frequencies_hz.get(policy)
    return now is not None and low is not None and now <= low


def _about_the_heat(hardware: HardwareInfo) -> Iterator[Advice]:
    temperatures = hardware.conditions.temperatures_celsius
    row = board_by_id(hardware.board.table_id)
    soft = row.temp_soft_limit_c if row else None
    limit = HOT_CELSIUS if soft is None else min(HOT_CELSIUS, soft - HEADROOM_CELSIUS)
    own = {name: value for name, value in temperatures.items() if any(word in name.lower() for word in PROCESSOR_ZONES)}
    real = {name: value for name, value in temperatures.items() if "pmic" not in name.lower()}  # a Jetson's is constant
    hot = max((own or real).values(), default=0.0)
    if hot >= limit:
        yield Advice(
            text=f"it is {hot:.0f} C hot before the run has begun",
            next_step="let it cool, and give it a heatsink or a fan",
        )


def _about_the_allowance(hardware: HardwareInfo) -> Iterator[Advice]:
    conditions = hardware.conditions
    cpus = hardware.logical_cpus.value or 0
    if conditions.load_1min is not None and conditions.load_1min > BUSY_LOAD:
        yield Advice(
            text=f"the machine is busy (load {conditions.load_1min:.2f})", next_step="stop other programs, then measure"
        )
    if conditions.cpu_quota is not None and conditions.cpu_quota < max(cpus, 1):
        yield Advice(
            text=f"the control group may use {conditions.cpu_quota:.3g} of {cpus} CPUs, then it is stopped",
            next_step="run without that limit, or with --threads below it",
        )
    if conditions.cpus_allowed is not None and 0 < len(conditions.cpus_allowed) < cpus:
        yield Advice(
            text=f"this process may use {len(conditions.cpus_allowed)} of {cpus} CPUs",
            next_step="if that is not wanted, start it without taskset or cpuset",
        )


def _about_the_memory(hardware: HardwareInfo) -> Iterator[Advice]:
    conditions = hardware.conditions
    if (conditions.swap_used_bytes or 0) >= SWAPPED_BYTES:
        yield Advice(
            text=f"{(conditions.swap_used_bytes or 0) / 2**20:.0f} MiB are swapped out",
            next_step="free memory; if enough is free, switch swap off for the run: sudo swapoff -a",
        )
    free = [hardware.memory.available_bytes.value, conditions.memory_limit_bytes]
    smallest = min((count for count in free if count is not None), default=None)
    if smallest is not None and smallest < SMALL_MEMORY_BYTES:
        yield Advice(
            text=f"only {smallest / 2**20:.0f} MiB of memory can be used",
            next_step="measure ONNX or arrays with the base install; torch needs more",
        )


def _about_the_caches(hardware: HardwareInfo) -> Iterator[Advice]:
    known = [cache for cache in hardware.caches if cache.type != "instruction" and cache.size_bytes]
    if not known and not is_emulated(hardware.environment):
        newer = " or update the kernel" if "brcm,bcm2712" in hardware.board.compatible else ""
        yield Advice(
            text="no source tells the size of any data cache",
            next_step=f"measure them: layout-profiler hardware --measure{newer}",
        )
    odd = [
        conflict.fact
        for conflict in hardware.conflicts
        if conflict.fact.endswith(": size") and "instruction" not in conflict.fact
    ]
    if odd and hardware.measured is None:
        yield Advice(
            text=f"sources differ on {'; '.join(dict.fromkeys(odd))}",
            next_step="see which is right: layout-profiler hardware --measure",
        )
