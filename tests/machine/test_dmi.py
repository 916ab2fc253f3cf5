from pathlib import Path

import pytest

from profiler.machine.sources.dmi import read_firmware, read_product
from tests.machine.trees import write


def dmi(root: Path, **files: str) -> Path:
    return write(root, {f"sys/class/dmi/id/{name}": f"{text}\n" for name, text in files.items()})


def test_vendor_and_product_name_the_machine(tmp_path: Path) -> None:
    assert read_product(dmi(tmp_path, sys_vendor="LENOVO", product_name="20LDCTO1WW", board_name="x")) == (
        "LENOVO 20LDCTO1WW"
    )


@pytest.mark.parametrize(
    "filler", ["To be filled by O.E.M.", "Default string", "System manufacturer", "System Product Name", "", "None"]
)
def test_a_vendor_who_filled_in_nothing_leaves_it_to_the_mainboard(tmp_path: Path, filler: str) -> None:
    dmi(tmp_path, sys_vendor=filler, product_name=filler, board_vendor="ASRock", board_name="J4125-ITX")
    assert read_product(tmp_path) == "ASRock J4125-ITX"


def test_no_table_no_name(tmp_path: Path) -> None:
    assert read_product(tmp_path) is read_firmware(tmp_path) is None


def test_the_firmware_has_vendor_version_and_date(tmp_path: Path) -> None:
    dmi(tmp_path, bios_vendor="American Megatrends", bios_version="1.2", bios_date="03/12/2024")
    assert read_firmware(tmp_path) == "American Megatrends 1.2 03/12/2024"


def test_numbers_of_the_unit_are_not_read(tmp_path: Path) -> None:
    dmi(
        tmp_path,
        product_serial="deadbeef",
        product_uuid="deadbeef",
        board_serial="deadbeef",
        board_asset_tag="deadbeef",
    )
    assert read_product(tmp_path) is read_firmware(tmp_path) is None
