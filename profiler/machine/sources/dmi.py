"""DMI, the firmware's tables of PCs: vendor, product and firmware version.

Serial numbers and UUIDs beside them are not read. Empty on boards with a device tree; hidden in most containers.
"""

from pathlib import Path

from profiler.machine.sources.source import read_name

_FOLDER = "sys/class/dmi/id"
SOURCE = "/sys/class/dmi/id"
_FILLERS = {
    "",
    "default string",
    "to be filled by o.e.m.",
    "system product name",
    "system manufacturer",
    "none",
    "o.e.m.",
}


def read_product(root: Path) -> str | None:
    """The machine's vendor and product, or those of its mainboard where the vendor left them at a placeholder."""
    return _words(root, ("sys_vendor", "product_name")) or _words(root, ("board_vendor", "board_name"))


def read_firmware(root: Path) -> str | None:
    """Vendor, version and date of the firmware."""
    return _words(root, ("bios_vendor", "bios_version", "bios_date"))


def _words(root: Path, names: tuple[str, ...]) -> str | None:
    texts = [read_name(root / _FOLDER / name) or "" for name in names]
    return " ".join(text for text in texts if text.lower() not in _FILLERS) or None
