import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiler.machine.capture import capture_hardware
from profiler.machine.recording import NAME, Recording, read_recording
from profiler.machine.records import HardwareInfo
from tests.machine.trees import write


def test_a_recording_is_read_as_written(tmp_path: Path) -> None:
    told = {
        "machine": "aarch64", "pointer_bits": 64, "page_size_bytes": 16384, "cpus_allowed": [0, 2], "system": "Linux",
        "vcgencmd": {"get_throttled": "throttled=0x0"}, "recorded_by": "a script of tomorrow",
    }  # fmt: skip
    assert read_recording(write(tmp_path, {NAME: json.dumps(told)})) == Recording(
        machine="aarch64", pointer_bits=64, page_size_bytes=16384, cpus_allowed=(0, 2), system="Linux",
        vcgencmd={"get_throttled": "throttled=0x0"},
    )  # fmt: skip


def test_a_tree_without_a_recording_tells_nothing(tmp_path: Path) -> None:
    assert read_recording(tmp_path) == Recording()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"[]", b"null", b"7", b'"x"', b"\xff\xfe", b"{}{}", b"[" * 100_000, b'{"vcgencmd":' * 100_000,
        b'{"machine": 7}', b'{"pointer_bits": "64"}', b'{"pointer_bits": 1.5}', b'{"cpus_allowed": [[0]]}',
        b'{"cpus_allowed": "0-3"}', b'{"vcgencmd": []}', b'{"vcgencmd": {"version": 1}}', b'{"machine": "\xff"}',
        b'{"machine": NaN}', b'{"machine": "' + b"x" * 8_000_000 + b'"}', b"\0" * 100,
    ],
    ids=lambda data: data[:24].decode("latin-1"),
)  # fmt: skip
def test_a_damaged_recording_tells_nothing(tmp_path: Path, data: bytes) -> None:
    assert read_recording(write(tmp_path, {NAME: data})) == Recording()


def test_a_recording_that_is_a_folder_or_a_loop_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "a" / NAME).mkdir(parents=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / NAME).symlink_to(NAME)
    assert read_recording(tmp_path / "a") == read_recording(tmp_path / "b") == Recording()


@pytest.mark.parametrize(
    "told",
    [
        {"page_size_bytes": -5},
        {"page_size_bytes": 0},
        {"pointer_bits": -64},
        {"pointer_bits": 0},
        {"cpus_allowed": [-1]},
    ],
)
def test_numbers_that_cannot_be_are_unknown(tmp_path: Path, told: dict[str, object]) -> None:
    found = capture_hardware(write(tmp_path, {NAME: json.dumps(told)}))
    assert found.system.page_size_bytes.value is None
    assert found.pointer_bits.value is None
    assert found.environment.userland.value is None
    assert found.conditions.cpus_allowed is None


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "machine": st.text(),
            "pointer_bits": st.integers(),
            "page_size_bytes": st.integers(),
            "cpus_allowed": st.lists(st.integers()),
            "system": st.text(),
            "vcgencmd": st.dictionaries(st.sampled_from(["get_throttled", "measure_temp", "version"]), st.text()),
        },
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_recording_gives_a_report_that_reads_back(
    tmp_path_factory: pytest.TempPathFactory, told: dict[str, object]
) -> None:
    found = capture_hardware(write(tmp_path_factory.mktemp("tree"), {NAME: json.dumps(told)}))
    assert msgspec.json.decode(msgspec.json.encode(found), type=HardwareInfo) == found


def test_the_running_machine_is_asked_itself() -> None:
    found = read_recording(Path("/"))
    assert found.pointer_bits in {32, 64}
    assert found.machine
    assert found.page_size_bytes is None or found.page_size_bytes >= 4096
