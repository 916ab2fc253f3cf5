import json
import os
from pathlib import Path

import msgspec
import pytest

from profiler.base.errors import HardwareError
from profiler.machine.records import HARDWARE_SCHEMA, Fact
from profiler.machine.reports import MAX_BYTES, load_hardware, machine_name
from tests.machine.trees import NAMES, board


def saved(folder: Path, **changes: object) -> Path:
    path = folder / "hardware.json"
    path.write_text(json.dumps({**msgspec.to_builtins(board("rk3588")), **changes}))
    return path


@pytest.mark.parametrize("name", NAMES)
def test_a_report_reads_back_as_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / "hardware.json"
    path.write_bytes(msgspec.json.encode(board(name)))
    assert load_hardware(path) == board(name)


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (1, "has schema version 1, which this program reads no more"),
        (0, "has schema version 0, which never was"),
        (-1, "has schema version -1, which never was"),
        (HARDWARE_SCHEMA + 1, f"has schema version {HARDWARE_SCHEMA + 1}, this program reads up to {HARDWARE_SCHEMA}"),
    ],
)
def test_a_report_of_another_version_says_so(tmp_path: Path, version: int, words: str) -> None:
    with pytest.raises(HardwareError, match=words):
        load_hardware(saved(tmp_path, schema_version=version))


def test_a_newer_report_of_unknown_fields_is_refused_for_its_version(tmp_path: Path) -> None:
    with pytest.raises(HardwareError, match="pip install --upgrade layout-profiler"):
        load_hardware(saved(tmp_path, schema_version=99, invention={}))


@pytest.mark.parametrize(
    "changes",
    [
        {"caches": None}, {"caches": [{}]}, {"invention": 1}, {"schema_version": "2"}, {"schema_version": None},
        {"memory": []}, {"logical_cpus": {"value": "4", "source": "x"}}, {"conditions": {}}, {"kernel": 7},
        {"board": {"model": {"value": "x"}}},
    ],
    ids=str,
)  # fmt: skip
def test_a_report_with_a_wrong_field_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(HardwareError, match="is no hardware report"):
        load_hardware(saved(tmp_path, **changes))


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{", b"{}", b"null", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000, b"\0" * 10, b"hello"]
)
def test_what_is_no_report_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "hardware.json"
    path.write_bytes(data)
    with pytest.raises(HardwareError, match=r"hardware\.json"):
        load_hardware(path)


def test_a_report_that_is_too_long_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path)
    path.write_bytes(path.read_bytes() + b" " * MAX_BYTES + b"{")
    with pytest.raises(HardwareError):
        load_hardware(path)


def test_missing_files_folders_and_pipes_cannot_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("missing", ".", "pipe", "loop"):
        with pytest.raises(HardwareError, match="cannot read the hardware report"):
            load_hardware(tmp_path / name)


def test_a_machine_is_called_by_its_board_else_its_processor() -> None:
    assert machine_name(board("pi5")) == "Raspberry Pi 5 Model B Rev 1.1"
    assert machine_name(board("wsl2")) == "Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz"
    unknown = msgspec.structs.replace(board("wsl2"), cpu_name=Fact(value=None, source="unknown"))
    assert machine_name(unknown) == "this unknown machine"
