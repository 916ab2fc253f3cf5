"""What was measured is kept until the next boot, and files that are not ours or not sound are ignored."""

import os
from pathlib import Path

import msgspec
import pytest

from profiler import __version__
from profiler.machine.limits import cache
from profiler.machine.limits.cache import cache_folder, load_measured, measure_once, measurement_key, save_measured
from profiler.machine.limits.records import BandwidthPoint, CoreLimits, Knee, LatencyPoint, MachineLimits, PeakRate
from profiler.machine.records import CoreType
from profiler.models.number_format import NumberFormat

TARGETS = (("Cortex-A72", 3),)
CORE = CoreLimits(
    core="Cortex-A72",
    cpu=3,
    method="pointer chase",
    latencies=(LatencyPoint(buffer_bytes=4096, latency_s=2e-9),),
    bandwidths=(),
    knees=(),
    peaks=(),
)
MEASURED = MachineLimits(utc="2026-11-22T10:00:00Z", tool_version=__version__, duration_s=8.0, cores=(CORE,))


@pytest.fixture(autouse=True)
def runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "layout-profiler"


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a machine that tells nothing yet."""
    root = tmp_path / "machine"
    monkeypatch.setattr(cache, "_ROOT", root)
    return root


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_what_is_saved_is_loaded_for_the_same_cpus_alone() -> None:
    save_measured(MEASURED, TARGETS, use_numba=True)
    assert load_measured(TARGETS, use_numba=True) == MEASURED
    assert load_measured((("Cortex-A72", 2),), use_numba=True) is None


def test_a_measurement_with_numba_serves_without_it_but_not_the_other_way_round() -> None:
    save_measured(MEASURED, TARGETS, use_numba=False)
    assert load_measured(TARGETS, use_numba=True) is None
    assert load_measured(TARGETS, use_numba=False) == MEASURED
    better = msgspec.structs.replace(MEASURED, duration_s=9.0)
    save_measured(better, TARGETS, use_numba=True)
    assert load_measured(TARGETS, use_numba=False) == better


def test_another_boot_has_another_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    boot = tmp_path / "boot_id"
    monkeypatch.setattr(cache, "_BOOT_ID", boot)
    keys = [measurement_key(TARGETS)]  # the boot's time, where it has no identifier
    for text in ("one", "two"):
        boot.write_text(text)
        keys.append(measurement_key(TARGETS))
    assert len(set(keys)) == 3


def test_another_state_of_the_machine_has_another_key(machine: Path) -> None:
    policy = machine / "sys/devices/system/cpu/cpufreq/policy0"
    keys = [measurement_key(TARGETS)]
    for path, text in (
        (policy / "scaling_governor", "powersave"),
        (policy / "scaling_governor", "performance"),
        (policy / "scaling_max_freq", "600000"),
        (policy / "scaling_max_freq", "1800000"),
        (machine / "sys/fs/cgroup/cpu.max", "50000 100000"),
        (machine / "sys/fs/cgroup/cpu.max", "150000 100000"),
    ):
        write(path, text)
        keys.append(measurement_key(TARGETS))
        assert measurement_key(TARGETS) == keys[-1]
    assert len(set(keys)) == len(keys)


def test_what_was_measured_under_powersave_is_not_used_once_the_advice_was_followed(machine: Path) -> None:
    governor = machine / "sys/devices/system/cpu/cpufreq/policy0/scaling_governor"
    write(governor, "powersave")
    save_measured(MEASURED, TARGETS, use_numba=True)
    assert load_measured(TARGETS, use_numba=True) == MEASURED
    write(governor, "performance")
    assert load_measured(TARGETS, use_numba=True) is None


@pytest.mark.parametrize(("word", "is_kept"), [("1", False), ("4", False), ("8", False), ("50000", True), ("0", True)])
def test_nothing_is_kept_while_the_firmware_slows_down(word: str, is_kept: bool, machine: Path) -> None:
    write(machine / "sys/devices/platform/soc/soc:firmware/get_throttled", word)
    save_measured(MEASURED, TARGETS, use_numba=True)
    assert (load_measured(TARGETS, use_numba=True) is not None) == is_kept


@pytest.mark.parametrize("alarm", [True, False])
def test_nothing_is_kept_while_the_voltage_is_low(alarm: bool, machine: Path) -> None:
    write(machine / "sys/class/hwmon/hwmon1/name", "rpi_volt")
    write(machine / "sys/class/hwmon/hwmon1/in0_lcrit_alarm", str(int(alarm)))
    save_measured(MEASURED, TARGETS, use_numba=True)
    assert (load_measured(TARGETS, use_numba=True) is None) == alarm


def test_what_fell_back_to_bandwidth_is_not_kept_as_measured_with_numba() -> None:
    fallen = msgspec.structs.replace(CORE, core="Cortex-A55", method="read bandwidth")
    degraded = msgspec.structs.replace(MEASURED, cores=(CORE, fallen), problems=("numba left out: 300 MiB",))
    save_measured(degraded, TARGETS, use_numba=True)
    assert load_measured(TARGETS, use_numba=True) is None
    assert load_measured(TARGETS, use_numba=False) == degraded


@pytest.mark.parametrize(
    "problem",
    [
        "A72: the process with numba died of SIGILL: measured without it",
        "A55 was not measured: its process died of SIGKILL",
        "A72: compiling the pointer chase failed: MemoryError: ",
    ],
)
@pytest.mark.parametrize("use_numba", [False, True])
def test_nothing_is_kept_of_a_measurement_in_which_something_failed(
    problem: str, use_numba: bool, runtime_folder: Path
) -> None:
    save_measured(msgspec.structs.replace(MEASURED, problems=(problem,)), TARGETS, use_numba=use_numba)
    assert not runtime_folder.exists()


def latency(size: int, latency_s: float = 1e-9) -> LatencyPoint:
    return LatencyPoint(buffer_bytes=size, latency_s=latency_s)


def bandwidth(size: int, read: float = 1e10, copy: float | None = 1e10) -> BandwidthPoint:
    return BandwidthPoint(buffer_bytes=size, read_bytes_per_s=read, copy_bytes_per_s=copy)


def knee(low: int, high: int, ratio: float = 2.0) -> Knee:
    return Knee(low_bytes=low, high_bytes=high, ratio=ratio)


SOUND: dict[str, object] = {
    "latencies": (latency(4096), latency(8192, 1e-4)),
    "bandwidths": (bandwidth(8192), bandwidth(16384, 1e14, None)),
    "knees": (knee(4096, 8192), knee(8192, 16384)),
    "peaks": (PeakRate(dtype=NumberFormat.FLOAT32, flops_per_s=1e15, kernel="x"),),
}


@pytest.mark.parametrize(
    "nonsense",
    [
        {"latencies": (latency(8192), latency(4096))},
        {"latencies": (latency(4096), latency(4096))},
        {"latencies": (latency(4096, 2e-3),)},
        {"bandwidths": (bandwidth(8192), bandwidth(8192))},
        {"bandwidths": (bandwidth(8192, read=2e15),)},
        {"bandwidths": (bandwidth(8192, copy=2e15),)},
        {"knees": (knee(8192, 4096),)},
        {"knees": (knee(4096, 4096),)},
        {"knees": (knee(8192, 16384), knee(4096, 8192))},
        {"knees": (knee(4096, 8192, 2e6),)},
        {"peaks": (PeakRate(dtype=NumberFormat.FLOAT32, flops_per_s=2e16, kernel="x"),)},
        {"peaks": (PeakRate(dtype=NumberFormat.FLOAT32, flops_per_s=1e9, kernel="x"),) * 2},
    ],
)
def test_figures_of_no_machine_are_no_cache(nonsense: dict[str, object]) -> None:
    for figures, is_kept in ((SOUND, True), ({**SOUND, **nonsense}, False)):
        measured = msgspec.structs.replace(MEASURED, cores=(msgspec.structs.replace(CORE, **figures),))
        save_measured(measured, TARGETS, use_numba=True)
        assert (load_measured(TARGETS, use_numba=True) == measured) == is_kept


def test_neither_file_nor_name_holds_the_boot_identifier(
    runtime_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    boot = tmp_path / "boot_id"
    boot.write_text("2ff41ebb-18fd-4329")
    monkeypatch.setattr(cache, "_BOOT_ID", boot)
    save_measured(MEASURED, TARGETS, use_numba=True)
    path = only_file(runtime_folder)
    assert "2ff41ebb" not in path.name + path.read_text()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b"{}",
        b" " * 2_000_000,
        msgspec.json.encode(MEASURED)[:-1] + b',"more":1}',
        msgspec.json.encode(MEASURED).replace(b"2e-9", b'"2e-9"'),
        msgspec.json.encode(MEASURED).replace(b"2e-9", b"-2e-9"),
        msgspec.json.encode(MEASURED).replace(b"2e-9", b"1e999"),
        msgspec.json.encode(msgspec.structs.replace(MEASURED, problems=("\x1b[2J",))),
        msgspec.json.encode(msgspec.structs.replace(MEASURED, tool_version="0.0.0")),
        msgspec.json.encode(msgspec.structs.replace(MEASURED, cores=())),
    ],
)
def test_a_file_that_is_not_sound_is_no_cache(data: bytes, runtime_folder: Path) -> None:
    save_measured(MEASURED, TARGETS, use_numba=True)
    only_file(runtime_folder).write_bytes(data)
    assert load_measured(TARGETS, use_numba=True) is None


def test_links_and_folders_are_not_read(runtime_folder: Path, tmp_path: Path) -> None:
    save_measured(MEASURED, TARGETS, use_numba=True)
    path = only_file(runtime_folder)
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    assert load_measured(TARGETS, use_numba=True) is None
    path.unlink()
    path.mkdir()
    assert load_measured(TARGETS, use_numba=True) is None
    save_measured(MEASURED, TARGETS, use_numba=True)


def test_where_nothing_can_be_written_there_is_no_cache(runtime_folder: Path) -> None:
    runtime_folder.write_text("a file where the folder would be")
    save_measured(MEASURED, TARGETS, use_numba=True)
    assert load_measured(TARGETS, use_numba=True) is None


def test_nothing_is_kept_of_a_machine_that_could_not_be_measured(runtime_folder: Path) -> None:
    save_measured(msgspec.structs.replace(MEASURED, cores=()), TARGETS, use_numba=True)
    assert not runtime_folder.exists()


def test_the_folder_is_the_runtime_folder_if_it_is_ours_else_the_users_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert cache_folder() == tmp_path / "layout-profiler"
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert cache_folder() == tmp_path / "cache/layout-profiler"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache/layout-profiler"


def test_the_second_measurement_is_taken_from_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def measure(*arguments: object, **_: object) -> MachineLimits:
        asked.append(arguments)
        return MEASURED

    monkeypatch.setattr(cache, "measure_machine", measure)
    cpu = min(os.sched_getaffinity(0))
    kinds = [CoreType(name="Cortex-A72", implementer=None, part=None, cpus=(cpu,), source="test")]
    for _ in range(2):
        assert measure_once(kinds, use_numba=True, on_stage=lambda _: None) == MEASURED
    assert len(asked) == 1
