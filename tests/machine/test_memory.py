from pathlib import Path

import pytest

from profiler.machine import memory
from profiler.machine.memory import (
    available_bytes,
    capture_memory,
    huge_pages,
    page_size,
    swap_used,
    transparent_huge_pages,
)
from profiler.machine.recording import Recording
from tests.machine.trees import write

THP = "sys/kernel/mm/transparent_hugepage/enabled"
SWAPS = "Filename\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


def test_memory_is_read_in_bytes_with_its_line(tmp_path: Path) -> None:
    found = capture_memory(write(tmp_path, {"proc/meminfo": "MemTotal:   3882404 kB\nMemAvailable: 100 kB\n"}))
    assert (found.total_bytes.value, found.total_bytes.raw) == (3882404 * 1024, "MemTotal: 3882404 kB")
    assert (found.available_bytes.value, found.available_bytes.source) == (102400, "/proc/meminfo")


@pytest.mark.parametrize(
    "text", ["", "MemTotal: x kB", "MemTotal:\n", "Mem Total: 1 kB", "\xff\xfe", "XMemTotal: 1 kB"]
)
def test_a_damaged_file_tells_nothing(tmp_path: Path, text: str) -> None:
    assert capture_memory(write(tmp_path, {"proc/meminfo": text})).total_bytes.value is None


def test_old_kernels_do_not_tell_what_is_available(tmp_path: Path) -> None:
    found = capture_memory(write(tmp_path, {"proc/meminfo": "MemTotal: 1 kB\nMemFree: 1 kB\n"}))
    assert (found.total_bytes.value, found.available_bytes.value) == (1024, None)


@pytest.mark.parametrize(
    ("text", "mode"),
    [("always [madvise] never\n", "madvise"), ("[always] madvise never", "always"), ("[never]", "never")],
)
def test_the_mode_of_huge_pages_is_the_one_in_brackets(tmp_path: Path, text: str, mode: str) -> None:
    assert transparent_huge_pages(write(tmp_path, {THP: text})).value == mode


def test_huge_pages_are_absent_only_where_the_kernel_folder_is_there(tmp_path: Path) -> None:
    assert transparent_huge_pages(tmp_path).value is None
    assert transparent_huge_pages(write(tmp_path, {"sys/kernel/x": ""})).value == "absent"
    assert transparent_huge_pages(write(tmp_path, {THP: "always madvise never"})).value is None


def test_huge_pages_of_all_sizes_add_up(tmp_path: Path) -> None:
    assert huge_pages(tmp_path).value is None
    assert huge_pages(write(tmp_path, {"proc/meminfo": "HugePages_Total:    7\n"})).value == 7
    for size, count in ((2048, "3\n"), (1048576, "1\n"), (64, "x")):
        write(tmp_path, {f"sys/kernel/mm/hugepages/hugepages-{size}kB/nr_hugepages": count})
    assert huge_pages(tmp_path).value == 4


def test_no_huge_pages_are_zero_and_not_unknown(tmp_path: Path) -> None:
    assert huge_pages(write(tmp_path, {"sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "0"})).value == 0


def test_swap_of_all_areas_adds_up(tmp_path: Path) -> None:
    lines = "/dev/zram0  partition\t100\t61440\t100\n/swapfile  file\t100\t1024\t-2\n"
    assert swap_used(write(tmp_path, {"proc/swaps": SWAPS + lines})) == (61440 + 1024) * 1024


def test_a_list_without_areas_is_no_swap_and_no_list_is_unknown(tmp_path: Path) -> None:
    assert swap_used(tmp_path) is None
    assert swap_used(write(tmp_path, {"proc/swaps": SWAPS})) == 0


@pytest.mark.parametrize("line", ["x", "/swap file 1", "/swap file 1 x 1", "/swap file 1 99999999999999999999999 1"])
def test_lines_that_are_none_are_passed_over(tmp_path: Path, line: str) -> None:
    assert swap_used(write(tmp_path, {"proc/swaps": f"{SWAPS}{line}\n/b file 1 2 1\n"})) == 2048


def test_page_size_is_that_of_the_recording() -> None:
    assert page_size(Recording(page_size_bytes=16384)).value == 16384
    assert page_size(Recording()).value is None


def test_this_machine_has_memory_and_pages() -> None:
    assert (capture_memory(Path("/")).total_bytes.value or 0) > 1 << 20
    assert swap_used(Path("/")) is not None


MEMINFO = {"proc/meminfo": "MemTotal: 16777216 kB\nMemAvailable: 8388608 kB\n"}
V2, V1 = "sys/fs/cgroup", "sys/fs/cgroup/memory"


@pytest.mark.parametrize(
    ("files", "available"),
    [
        ({}, 8 << 30),
        ({f"{V2}/memory.max": "max", f"{V2}/memory.current": "5"}, 8 << 30),
        ({f"{V2}/memory.max": "1000", f"{V2}/memory.current": "900"}, 100),
        ({f"{V2}/memory.max": "1000"}, 1000),
        ({f"{V2}/memory.max": "1000", f"{V2}/memory.current": "1200"}, 0),
        (
            {
                f"{V2}/memory.max": "1000",
                f"{V2}/memory.current": "900",
                f"{V2}/memory.stat": "anon 3\ninactive_file 400\nx 1",
            },
            500,
        ),
        ({f"{V1}/memory.limit_in_bytes": "1000", f"{V1}/memory.usage_in_bytes": "300"}, 700),
        ({f"{V1}/memory.limit_in_bytes": str(2**63 - 4096), f"{V1}/memory.usage_in_bytes": "300"}, 8 << 30),
        (
            {
                "proc/self/cgroup": "0::/system.slice/run.service",
                f"{V2}/system.slice/run.service/memory.max": "2000",
                f"{V2}/system.slice/run.service/memory.current": "300",
                f"{V2}/system.slice/memory.max": "1500",
                f"{V2}/system.slice/memory.current": "400",
            },
            1100,
        ),
    ],
)
def test_available_is_what_the_machine_and_every_group_have_left(
    files: dict[str, str], available: int, tmp_path: Path
) -> None:
    assert available_bytes(write(tmp_path, {**MEMINFO, **files})) == available


def test_a_32_bit_process_has_no_more_than_its_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.maxsize", 2**31 - 1)
    assert available_bytes(write(tmp_path, MEMINFO)) == memory.ADDRESSES_BYTES


def test_old_kernels_are_taken_to_have_half_of_their_memory_left(tmp_path: Path) -> None:
    assert available_bytes(write(tmp_path, {"proc/meminfo": "MemTotal: 1000 kB\n"})) == 500 * 1024


def test_what_is_available_here_is_less_than_there_is() -> None:
    total = capture_memory(Path("/")).total_bytes.value
    assert total is not None
    assert 0 < available_bytes() < total
