import json
import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiler.errors import HardwareError
from profiler.hardware.canary import measure_canary
from profiler.hardware.capture import cache_level_for, capture_hardware, data_cache_sizes, load_hardware
from profiler.hardware.cpuinfo import parse_cpuinfo
from profiler.hardware.sysfs import parse_cpu_list, parse_size
from profiler.records import HardwareInfo

BOARDS = Path(__file__).parents[1] / "boards"


def board(name: str) -> HardwareInfo:
    return capture_hardware(BOARDS / name)


def caches(name: str) -> list[tuple[str, int | None, int]]:
    return [(f"L{c.level} {c.type}", c.size_bytes, c.instances) for c in board(name).caches]


def test_a_pi_4_shows_its_caches_per_instance_and_not_their_sum() -> None:
    assert caches("pi4-64bit") == [
        ("L1 data", 32 << 10, 4),
        ("L1 instruction", 48 << 10, 4),
        ("L2 unified", 1 << 20, 1),
    ]
    (l2,) = [cache for cache in board("pi4-64bit").caches if cache.level == 2]
    assert l2.shared_cpus == ((0, 1, 2, 3),)
    assert (l2.ways_of_associativity, l2.line_size_bytes, l2.number_of_sets, l2.source) == (16, 64, 1024, "sysfs")


def test_a_pi_4_shows_board_core_clock_temperature_and_throttling() -> None:
    found = board("pi4-64bit")
    assert found.board.model.value == "Raspberry Pi 4 Model B Rev 1.4"
    assert found.board.compatible == ("raspberrypi,4-model-b", "brcm,bcm2711")
    assert found.cpu_name.value == "4x Cortex-A72"
    assert found.memory.total_bytes.value == 3882404 * 1024
    assert found.kernel.value == "6.12.47+rpt-rpi-v8"
    assert found.conditions.governors == {"policy0": "ondemand"}
    assert found.conditions.frequencies_hz == {"policy0": 600_000_000}
    assert found.conditions.temperatures_celsius == {"thermal_zone0 cpu-thermal": 48.199}
    assert found.conditions.throttled == 0x50005


def test_a_board_that_tells_nothing_is_unknown_and_not_guessed() -> None:
    found = board("pi-zero")
    assert found.caches == ()
    assert found.kernel.value is None
    assert found.operating_system.value is None
    assert found.software == {}
    assert cache_level_for(1000, found.caches) == "unknown"


def test_cache_folders_without_a_size_show_level_and_type_with_an_unknown_size() -> None:
    assert caches("imx8mq") == [("L1 data", None, 4), ("L1 instruction", None, 4), ("L2 unified", None, 1)]


def test_two_core_types_are_two_rows() -> None:
    found = board("rk3588")
    assert [(core.name, core.cpus) for core in found.core_types] == [
        ("Cortex-A55", (0, 1, 2, 3)),
        ("Cortex-A76", (4, 5, 6, 7)),
    ]
    assert found.cpu_name.value == "4x Cortex-A55 + 4x Cortex-A76"
    assert [c.size_bytes for c in found.caches if c.level == 2] == [128 << 10, 512 << 10]
    assert data_cache_sizes(found.caches) == (32 << 10, 64 << 10, 128 << 10, 512 << 10, 3 << 20)


def test_a_container_and_a_virtual_machine_are_recognised() -> None:
    found = board("container-x86")
    assert found.virtualization.value == "container, virtual machine"
    assert found.board.model.value is None


@pytest.mark.parametrize("name", ["pi4-64bit", "pi-zero"])
def test_no_serial_number_or_host_name_is_stored(name: str) -> None:
    text = msgspec.json.encode(board(name)).decode()
    assert "deadbeef" not in text
    assert "secret-host" not in text


def test_this_machine_is_captured_without_a_host_name() -> None:
    import socket

    found = capture_hardware()
    assert found.logical_cpus.value
    assert found.memory.total_bytes.value
    assert found.software["numpy"]
    assert found.conditions.canary_s
    if len(socket.gethostname()) > 3:
        assert socket.gethostname() not in msgspec.json.encode(found).decode()


def test_a_report_reads_back_as_written(tmp_path: Path) -> None:
    path = tmp_path / "hardware.json"
    written = board("rk3588")
    path.write_bytes(msgspec.json.encode(written))
    assert load_hardware(path) == written


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema_version": 9}'])
def test_reports_that_are_none_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "h.json").write_text(text)
    with pytest.raises(HardwareError):
        load_hardware(tmp_path / "h.json")
    with pytest.raises(HardwareError, match="cannot read"):
        load_hardware(tmp_path / "missing.json")
    with pytest.raises(HardwareError, match="no folder"):
        capture_hardware(tmp_path / "missing")


@given(st.lists(st.tuples(st.sampled_from(["processor", "CPU part", "model name", "flags", "\0"]), st.text())))
def test_any_cpuinfo_is_parsed(fields: list[tuple[str, str]]) -> None:
    parse_cpuinfo("\n".join(f"{key}\t: {value}" for key, value in fields))


@given(st.text(max_size=30))
def test_any_size_or_cpu_list_is_parsed_or_unknown(text: str) -> None:
    assert (parse_size(text) or 1) > 0
    assert all(cpu >= 0 for cpu in parse_cpu_list(text))


@pytest.mark.parametrize(
    ("text", "size"), [("32K", 32768), ("4M", 4 << 20), ("64", 64), ("0K", None), ("", None), ("unknown", None)]
)
def test_sizes_read_as_the_kernel_writes_them(text: str, size: int | None) -> None:
    assert parse_size(text) == size


def test_cpu_lists_read_as_the_kernel_writes_them() -> None:
    assert parse_cpu_list("0-2,5") == (0, 1, 2, 5)
    assert parse_cpu_list("0-99999") == ()


@given(st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_trees_never_crash_the_capture(
    tmp_path_factory: pytest.TempPathFactory, generator: random.Random
) -> None:
    """Files cut, filled with bytes, made folders, links to themselves, or unreadable."""
    root = tmp_path_factory.mktemp("tree")
    for source in (BOARDS / "pi4-64bit").rglob("*"):
        target = root / source.relative_to(BOARDS / "pi4-64bit")
        if source.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        data = source.read_bytes()
        fate = generator.randrange(8)
        if fate == 0:
            target.write_bytes(data[: generator.randrange(len(data) + 1)])
        elif fate == 1:
            target.write_bytes(generator.randbytes(40))
        elif fate == 2:
            target.mkdir()
        elif fate == 3:
            target.symlink_to(target)
        elif fate == 4:
            target.write_bytes(data * 2000)
        else:
            target.write_bytes(data)
    json.dumps(msgspec.to_builtins(capture_hardware(root)))


def test_weights_are_put_into_the_first_cache_that_holds_them() -> None:
    found = board("pi4-64bit").caches
    levels = [cache_level_for(size, found) for size in (1, 32 << 10, (32 << 10) + 1, 1 << 20, (1 << 20) + 1)]
    assert levels == ["L1", "L1", "L2", "L2", "memory"]


def test_the_canary_takes_time() -> None:
    assert 0 < measure_canary() < 1
