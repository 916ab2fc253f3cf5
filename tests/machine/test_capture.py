"""Whole reports of recorded trees against what is known of the boards by other ways."""

import socket
from pathlib import Path

import msgspec
import pytest

from profiler.base.errors import HardwareError
from profiler.machine.advice import advise
from profiler.machine.capture import capture_hardware
from profiler.machine.records import CacheInfo, HardwareInfo
from profiler.report.hardware_text import ranges
from tests.machine.expected import ROWS, Expected
from tests.machine.trees import NAMES, board, boards, copy_of, write

KINDS = {"data": "d", "instruction": "i", "unified": ""}
PAIRS = [pytest.param(name, row, id=name) for name, row in ROWS.items()]


def text_of(cache: CacheInfo) -> str:
    """A cache in the words of the table."""
    size = "?" if cache.size_bytes is None else cache.size_bytes // 1024
    known = [
        "?" if value is None else str(value)
        for value in (cache.ways_of_associativity, cache.line_size_bytes, cache.number_of_sets)
    ]
    shared = "|".join(map(ranges, cache.shared_cpus))
    numbers = f"{known[0]}w {known[1]}B {known[2]}s"
    return f"L{cache.level}{KINDS[cache.type]} {size}K {numbers} {shared} {cache.source}"


def test_every_tree_has_a_row_and_every_row_a_tree() -> None:
    assert sorted(ROWS) == NAMES


@pytest.mark.parametrize(("name", "row"), PAIRS)
def test_caches_are_those_of_the_chip(name: str, row: Expected) -> None:
    found = board(name).caches
    assert tuple(map(text_of, found)) == row.caches
    for cache in found:
        assert cache.instances == len(cache.shared_cpus)
        assert cache.origins["size_bytes"].source == cache.source


@pytest.mark.parametrize(("name", "row"), PAIRS)
def test_sizes_ways_lines_and_sets_multiply_up(name: str, row: Expected) -> None:
    for cache in board(name).caches:
        if cache.size_bytes and cache.ways_of_associativity and cache.line_size_bytes and cache.number_of_sets:
            product = cache.ways_of_associativity * cache.line_size_bytes * cache.number_of_sets
            assert product == cache.size_bytes, cache


@pytest.mark.parametrize(("name", "row"), PAIRS)
def test_board_chip_and_cores_are_named(name: str, row: Expected) -> None:
    found = board(name)
    assert found.board.model.value == row.model
    assert found.board.soc.value == row.soc
    assert found.cpu_name.value == row.cpu
    assert tuple(f"{kind.name} {ranges(kind.cpus)} {kind.source}" for kind in found.core_types) == row.cores


@pytest.mark.parametrize(("name", "row"), PAIRS)
def test_what_stands_between_program_and_board_is_found(name: str, row: Expected) -> None:
    found = board(name).environment
    assert (found.vm.value, found.container.value, found.emulation.value, found.userland.value) == (
        row.vm, row.container, row.emulation, row.userland,
    )  # fmt: skip


@pytest.mark.parametrize(("name", "row"), PAIRS)
def test_the_state_at_capture_is_read(name: str, row: Expected) -> None:
    state = board(name).conditions
    assert tuple(state.governors.values()) == row.governors
    assert (state.throttled, state.under_voltage) == (row.throttled, row.under_voltage)
    assert (state.cpu_quota, state.memory_limit_bytes) == (row.quota, row.memory_limit)
    assert state.cpus_allowed is not None
    assert ranges(state.cpus_allowed) == row.allowed
    assert state.load_1min == 0.12
    if row.celsius is None:
        assert state.temperatures_celsius == {}
    else:
        assert row.celsius in state.temperatures_celsius.values()


@pytest.mark.parametrize(("name", "row"), PAIRS)
def test_sources_contradict_each_other_where_they_are_known_to(name: str, row: Expected) -> None:
    assert tuple(conflict.fact for conflict in board(name).conflicts) == row.conflicts


@pytest.mark.parametrize(("name", "row"), PAIRS)
def test_advice_is_what_the_state_calls_for(name: str, row: Expected) -> None:
    found = advise(board(name))
    assert [text.text[: len(start)] for text, start in zip(found, row.advice, strict=True)] == list(row.advice)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_names_a_unit_or_its_owner_is_stored(name: str) -> None:
    text = msgspec.json.encode(board(name)).decode().lower()
    for mark in ("deadbeef", "secret-host", "b8:27:eb", "b827eb", "-1000-8000-", "macaddr", "partuuid"):
        assert mark not in text


@pytest.mark.parametrize("name", NAMES)
def test_the_trees_hold_such_marks_so_that_their_absence_means_something(name: str) -> None:
    data = b"".join(path.read_bytes() for path in (boards() / name).rglob("*") if path.is_file()).lower()
    assert b"secret-host" in data or b"deadbeef" in data


@pytest.mark.parametrize("name", NAMES)
def test_a_report_reads_back_as_written(name: str) -> None:
    text = msgspec.json.encode(board(name))
    assert msgspec.json.decode(text, type=HardwareInfo) == board(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_tree_tells_nothing_of_this_machine(name: str) -> None:
    found = board(name)
    assert found.software == {}
    assert found.conditions.canary_s is found.conditions.wall_s is found.conditions.suspended_s is None
    assert found.pointer_bits.source == "recording"


def test_caches_of_one_core_type_name_it_and_shared_ones_none() -> None:
    cores = [(cache.level, cache.core) for cache in board("rk3588").caches]
    assert cores == [
        (1, "Cortex-A55"), (1, "Cortex-A76"), (1, "Cortex-A55"), (1, "Cortex-A76"), (2, "Cortex-A55"),
        (2, "Cortex-A76"), (3, None),
    ]  # fmt: skip


def test_the_true_clock_is_beside_the_one_asked_for() -> None:
    state = board("pi3b-plus").conditions
    assert state.frequencies_hz == {"policy0": 1_400_000_000}
    assert state.firmware_frequency_hz == 1_200_126_000


def test_clock_domains_are_the_policies_with_their_limits() -> None:
    domains = [(domain.cpus, domain.core, domain.min_hz, domain.max_hz) for domain in board("rk3588").clock_domains]
    assert domains == [
        ((0, 1, 2, 3), "Cortex-A55", 408_000_000, 1_800_000_000),
        ((4, 5), "Cortex-A76", 408_000_000, 2_256_000_000),
        ((6, 7), "Cortex-A76", 408_000_000, 2_256_000_000),
    ]


def test_a_pi_5_has_large_pages_and_made_up_memory_nodes() -> None:
    found = board("pi5").system
    assert (found.page_size_bytes.value, found.numa_nodes.value, found.transparent_huge_pages.value) == (
        16384, 8, "absent",
    )  # fmt: skip
    assert found.firmware.value == "2025/01/08 17:52:48"


def test_threads_of_one_core_count_once_wherever_their_numbers_lie() -> None:
    for name in ("wsl2", "qemu-user-x86"):
        assert (board(name).logical_cpus.value, board(name).physical_cores.value) == (8, 4)


def test_under_emulation_nothing_of_the_host_is_told_as_if_it_were_the_board() -> None:
    found = board("qemu-user-x86")
    assert found.cpu_flags.value is None
    assert found.machine.value == "aarch64"
    assert found.board.model.value is None


def test_a_board_without_a_kernel_version_has_none() -> None:
    assert board("pi-zero").kernel.value is None


def test_cpus_that_are_offline_do_not_make_a_cache_appear_twice(tmp_path: Path) -> None:
    root = copy_of("pi4-64bit", tmp_path)
    cpus = root / "sys/devices/system/cpu"
    for cpu in (2, 3):
        (cpus / f"cpu{cpu}").rename(tmp_path / f"cpu{cpu}")
        write(cpus / f"cpu{cpu}", {"online": "0\n"})
    for cpu in (0, 1):
        write(cpus / f"cpu{cpu}/cache/index2", {"shared_cpu_list": "0-1\n"})
    write(cpus, {"online": "0-1\n"})
    first, second, _, _, rest = (root / "proc/cpuinfo").read_text().split("\n\n")
    write(root, {"proc/cpuinfo": f"{first}\n\n{second}\n\n{rest}"})
    found = capture_hardware(root)
    assert found.logical_cpus.value == 2
    assert [(cache.level, cache.size_bytes) for cache in found.caches] == [(1, 32 << 10), (1, 48 << 10), (2, 1 << 20)]


def test_this_machine_is_captured_without_a_host_name() -> None:
    found = capture_hardware()
    assert found.logical_cpus.value
    assert found.memory.total_bytes.value
    assert found.software["numpy"]
    assert found.conditions.canary_s
    if len(socket.gethostname()) > 3:
        assert socket.gethostname() not in msgspec.json.encode(found).decode()


def test_a_root_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    for root in (tmp_path / "missing", write(tmp_path, {"file": ""}) / "file"):
        with pytest.raises(HardwareError, match="no folder"):
            capture_hardware(root)


def test_an_empty_tree_is_unknown_throughout(tmp_path: Path) -> None:
    found = capture_hardware(tmp_path)
    assert [*found.caches, *found.core_types, *found.conflicts, *found.clock_domains] == []
    unknown = (
        found.cpu_name, found.logical_cpus, found.physical_cores, found.memory.total_bytes, found.board.model,
        found.board.soc, found.machine, found.pointer_bits, found.operating_system, found.kernel,
        found.environment.vm, found.environment.container, found.environment.emulation, found.environment.userland,
    )  # fmt: skip
    assert [fact for fact in unknown if fact.value is not None or fact.source != "unknown"] == []
