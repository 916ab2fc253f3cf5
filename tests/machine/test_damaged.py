"""Trees damaged in every way: always a report that reads back, never a traceback, never long."""

import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from profiler.machine.advice import advise
from profiler.machine.capture import capture_hardware
from profiler.machine.records import HardwareInfo
from profiler.report.hardware_text import machine_sections
from tests.machine.trees import NAMES, as_nobody, board, boards, copy_of

LIMIT_S = 5.0
NUMBERS = [
    b"99999999999999999999", b"-1", b"0", b"18446744073709551616", b"1e309", b"nan", b"0x", b"99999999999999999999999",
    b"-99999999999999999999", b"0-8192", b"\xd9\xa3", b"1_0",
]  # fmt: skip
HARMLESS = 8  # of so many files about one is damaged


def twin(source: Path, generator: random.Random) -> bytes:
    """The same file of another board, empty if that has none."""
    name = source.relative_to(boards())
    other = boards().joinpath(generator.choice(NAMES), *name.parts[1:])
    return other.read_bytes() if other.is_file() else b""


Fate = Callable[[bytes, random.Random], bytes]
CONTENTS: dict[str, Fate] = {
    "cut": lambda data, generator: data[: generator.randrange(len(data) + 1)],
    "binary": lambda data, generator: generator.randbytes(40),
    "long": lambda data, generator: (data or b"x") * (8_000_000 // max(1, len(data))),
    "number": lambda data, generator: generator.choice(NUMBERS),
    "numbers": lambda data, generator: b" ".join(generator.choice([word, *NUMBERS]) for word in data.split(b" ")),
    "nul": lambda data, generator: b"\0".join(data[start : start + 3] for start in range(0, len(data), 3)) + b"\0" * 9,
    "text": lambda data, generator: "\x1b[31m\u202e\n: /../.. ".encode() * 9,
}
PLACEMENTS: dict[str, Callable[[Path], object]] = {
    "folder": Path.mkdir,
    "loop": lambda target: target.symlink_to(target.name),
    "endless": lambda target: target.symlink_to("/dev/zero"),
    "pipe": os.mkfifo,
    "gone": lambda target: None,
}


def damage(source: Path, target: Path, generator: random.Random, fate: str) -> None:
    """What becomes of one file."""
    if fate in PLACEMENTS:
        PLACEMENTS[fate](target)
    elif fate == "other":
        target.write_bytes(twin(source, generator))
    else:
        data = source.read_bytes()
        target.write_bytes(CONTENTS[fate](data, generator) if fate in CONTENTS else data)


FATES = sorted({*CONTENTS, *PLACEMENTS, "other"} - {"long"})


def damaged(name: str, root: Path, generator: random.Random, fates: list[str]) -> Path:
    long = generator.randrange(200)
    for position, source in enumerate(sorted((boards() / name).rglob("*"))):
        target = root / source.relative_to(boards() / name)
        if source.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        elif target.parent.is_dir():
            is_long = position == long and source.name != "cgroup"  # see below
            fate = "long" if is_long else generator.choice(fates) if generator.randrange(HARMLESS) == 0 else ""
            damage(source, target, generator, fate)
    return root


def check(root: Path, limit_s: float = LIMIT_S) -> None:
    start = time.monotonic()
    found = capture_hardware(root)
    assert time.monotonic() - start < limit_s
    assert msgspec.json.decode(msgspec.json.encode(found), type=HardwareInfo) == found
    advise(found)
    machine_sections(found)


DAMAGED = [
    "pi4-32bit",
    "pi4-64bit",
    "rk3588",
    "n100",
    "visionfive2",
    "pi4-docker",
    "container-x86",
    "qemu-user-x86",
    "pi5",
]


@given(st.sampled_from(DAMAGED), st.integers(0, 1 << 32), st.sets(st.sampled_from(FATES), min_size=1))
@settings(
    max_examples=80,
    deadline=None,
    phases=(Phase.reuse, Phase.generate),  # a seed does not shrink
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_trees_with_some_damaged_files_give_a_report(
    tmp_path_factory: pytest.TempPathFactory, name: str, seed: int, fates: set[str]
) -> None:
    check(damaged(name, tmp_path_factory.mktemp("tree"), random.Random(seed), sorted(fates)))


def test_a_list_of_control_groups_without_an_end_takes_no_long_time(tmp_path: Path) -> None:
    root = copy_of("pi4-64bit", tmp_path)
    (root / "proc/self/cgroup").write_bytes(b"0::/a/b\n" * 40_000)
    check(root, limit_s=0.5)


def every_file(name: str, root: Path, fate: str, generator: random.Random) -> Path:
    for source in (boards() / name).rglob("*"):
        target = root / source.relative_to(boards() / name)
        if source.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        damage(source, target, generator, fate)
    return root


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("name", ["pi4-64bit", "rk3588", "container-x86"])
def test_trees_in_which_every_file_is_damaged_alike_give_a_report(tmp_path: Path, name: str, fate: str) -> None:
    check(every_file(name, tmp_path, fate, random.Random(1)))


@pytest.mark.parametrize("number", NUMBERS, ids=lambda data: data.decode("latin-1"))
@pytest.mark.parametrize("name", ["pi4-64bit", "container-x86"])
def test_any_number_in_every_file_gives_a_report(tmp_path: Path, name: str, number: bytes) -> None:
    for source in (boards() / name).rglob("*"):
        target = tmp_path / source.relative_to(boards() / name)
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(number)
    check(tmp_path)


@pytest.mark.parametrize("first", ["pi4-64bit", "rk3588", "pi5-launch"])
@pytest.mark.parametrize("second", ["n100", "visionfive2", "pi-zero-w"])
def test_two_boards_in_one_tree_give_a_report(tmp_path: Path, first: str, second: str) -> None:
    root = copy_of(first, tmp_path)
    for source in (boards() / second).rglob("*"):
        target = root / source.relative_to(boards() / second)
        if source.is_file() and not target.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    check(root)


PLACES = [
    "proc", "proc/self", "proc/sys/kernel", "proc/device-tree", "proc/device-tree/cpus", "sys", "sys/kernel",
    "sys/devices", "sys/devices/system/cpu", "sys/devices/system/cpu/cpu0", "sys/devices/system/cpu/cpu0/cache",
    "sys/class", "sys/class/hwmon/hwmon0", "sys/devices/system/cpu/cpufreq", "etc", "proc/cpuinfo", "proc/swaps",
    "recording.json", "proc/device-tree/cpus/l2-cache0", "proc/device-tree/chosen",
]  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX alone has these permissions")
@pytest.mark.parametrize("place", PLACES)
def test_what_may_not_be_read_is_unknown(place: str) -> None:
    board("pi4-64bit")  # loads the board table, which nobody else may read where this project lies
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are for their owner alone
        Path(folder).chmod(0o755)
        root = copy_of("pi4-64bit", Path(folder))
        (root / place).chmod(0)
        try:
            with as_nobody():
                assert not os.access(root / place, os.R_OK, effective_ids=True)
                check(root)
        finally:
            (root / place).chmod(0o755)
