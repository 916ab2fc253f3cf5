"""Whether the firmware slows the processor down: `get_throttled`, and the kernel's alarm of low voltage."""

from collections.abc import Mapping
from pathlib import Path

from profiler.machine.sources import vcgencmd
from profiler.machine.sources.source import list_folder, parse_int, read_int, read_text

# Raspberry Pi documentation, os/graphics-utilities.adoc, get_throttled
BITS = {
    0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "soft temperature limit",
    16: "under-voltage since boot", 17: "frequency capped since boot", 18: "throttled since boot",
    19: "soft temperature limit since boot",
}  # fmt: skip
NOW = 0xF


def read_throttled(root: Path, answers: Mapping[str, str]) -> int | None:
    """The firmware's word: from the file that Raspberry Pi kernels have, hexadecimal without 0x, else from vcgencmd."""
    for path in list_folder(root / "sys/devices/platform", "soc*/soc*firmware/get_throttled"):
        word = parse_int(read_text(path), 16)
        if word is not None and word >= 0:
            return word
    return vcgencmd.throttled_in(answers)


def read_under_voltage(root: Path) -> bool | None:
    """The alarm of the kernel's `rpi_volt` driver: supply below 4.63 V since it was last asked."""
    for monitor in list_folder(root / "sys/class/hwmon", "hwmon[0-9]*"):
        if read_text(monitor / "name") == "rpi_volt":
            alarm = read_int(monitor / "in0_lcrit_alarm")
            return None if alarm is None else bool(alarm)
    return None


def throttle_words(word: int | None) -> list[str]:
    """The bits that are set in the word of `get_throttled`, in words."""
    return [text for bit, text in BITS.items() if (word or 0) >> bit & 1]
