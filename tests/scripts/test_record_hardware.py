"""The recorder is run as users run it: as a program, on a tree with things planted in it that must not come out."""

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from profiler.hardware.capture import capture_hardware

ROOT = Path(__file__).parents[2]
BOARDS = ROOT / "tests/boards"
RECORDER = ROOT / "scripts/record_hardware.py"
MARKERS = (b"deadbeef", b"secret", b"b827eb", b"b8:27:eb", bytes.fromhex("b827eb"), b"anna")
NAMES = sorted(path.name for path in BOARDS.iterdir() if path.is_dir())


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def record(target: Path, *, root: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(RECORDER), str(target), *(["--root", str(root)] if root else [])]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A Raspberry Pi 5 whose every corner names its owner."""
    root = tmp_path / "planted"
    shutil.copytree(BOARDS / "pi5", root)
    texts = {
        "proc/cmdline": "root=PARTUUID=deadbeef-02 systemd.machine_id=deadbeef",
        "proc/self/cgroup": "5:cpu:/user.slice/user-1000.slice/anna-session\n0::/docker/" + "deadbeef" * 8 + "\n",
        "proc/1/cgroup": "0::/lxc/secret-host/ns\n",
        "proc/swaps": "Filename Type\n/home/anna/swap file 9 0 -2\n/dev/mapper/secret--host-swap partition 9 0 -3\n",
        "proc/sys/kernel/random/boot_id": "deadbeef-0000",
        "etc/machine-id": "deadbeef" * 4,
        "run/.containerenv": 'name="secret-box"\nid="deadbeef"\n',
        ".dockerenv": "deadbeef",
        "system/build.prop": "ro.serialno=deadbeef",
        "sys/class/dmi/id/product_uuid": "deadbeef-1",
        "sys/class/dmi/id/board_serial": "deadbeef-2",
        "proc/device-tree/cpus/cpu@0/serial-number": "deadbeef",
        "proc/device-tree/cpus/mac-address": "b8:27:eb:00:00:01",
    }
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    with (root / "proc/cpuinfo").open("a") as file:
        file.write("serial: deadbeef\nUUID\t: deadbeef\nMAC address : b8:27:eb:00:00:01\n")
    return root


def test_nothing_that_names_a_unit_or_its_owner_is_recorded(planted: Path, tmp_path: Path) -> None:
    assert record(tmp_path / "out", root=planted).returncode == 0
    found = files_of(tmp_path / "out")
    for path, data in found.items():
        assert not [marker for marker in MARKERS if marker in data.lower()], path
    assert found["proc/self/cgroup"] == b"5:cpu:/user.slice/blanked/blanked\n0::/docker/blanked\n"
    assert found["proc/1/cgroup"] == b"0::/lxc/blanked/blanked\n"
    assert found[".dockerenv"] == found["run/.containerenv"] == found["system/build.prop"] == b""
    assert b"Serial\t\t: 0\n" in found["proc/cpuinfo"]


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_tells_the_same_as_the_machine(name: str, tmp_path: Path) -> None:
    assert record(tmp_path / "out", root=BOARDS / name).returncode == 0
    recorded, original = capture_hardware(tmp_path / "out"), capture_hardware(BOARDS / name)
    same_moment = msgspec.structs.replace(recorded, conditions=original.conditions)
    assert same_moment == original
    for field in ("governors", "frequencies_hz", "temperatures_celsius", "throttled"):
        assert getattr(recorded.conditions, field) == getattr(original.conditions, field), field


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tgz"])
def test_an_archive_holds_what_a_folder_would(suffix: str, tmp_path: Path) -> None:
    archive, folder = tmp_path / f"out{suffix}", tmp_path / "out"
    assert record(archive, root=BOARDS / "rk3588").returncode == 0
    assert record(folder, root=BOARDS / "rk3588").returncode == 0
    with tarfile.open(archive) as file:
        assert {entry.uname for entry in file} | {entry.gname for entry in file} == {""}
        file.extractall(tmp_path / "unpacked", filter="data")
    assert files_of(tmp_path / "unpacked") == files_of(folder)


def test_this_machine_is_recorded_and_its_recording_says_what_no_file_tells(tmp_path: Path) -> None:
    done = record(tmp_path / "out")
    assert done.returncode == 0, done.stderr
    found = msgspec.json.decode((tmp_path / "out/recording.json").read_bytes())
    assert found["machine"] == os.uname().machine
    assert found["cpus_allowed"] == sorted(os.sched_getaffinity(0))
    assert (tmp_path / "out/proc/self/cgroup").is_file()
    assert (tmp_path / "out/proc/cpuinfo").is_file()
    host = os.uname().nodename.encode()
    if len(host) > 3:
        assert not [path for path, data in files_of(tmp_path / "out").items() if host in data]


def test_hostile_trees_are_recorded_as_far_as_they_go(tmp_path: Path) -> None:
    """Links in a circle and to elsewhere, pipes, huge and forbidden files: counted or passed over, never followed."""
    root = tmp_path / "root"
    shutil.copytree(BOARDS / "pi5", root)
    (tmp_path / "elsewhere").write_text("secret")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/compatible").write_text("secret")
    cpus = root / "proc/device-tree/cpus"
    (cpus / "circle").symlink_to(cpus)
    (cpus / "other").symlink_to(tmp_path / "other")
    (cpus / "self").symlink_to("self")
    (cpus / "dangling").symlink_to("nowhere")
    (root / "proc/meminfo").unlink()
    (root / "proc/meminfo").symlink_to(tmp_path / "elsewhere")
    (root / "proc/swaps").unlink()
    os.mkfifo(root / "proc/swaps")
    (root / "proc/cpuinfo").write_bytes(b"x" * 300_000)
    deep = cpus
    for number in range(30):
        deep /= f"{number}"
    deep.mkdir(parents=True)
    (deep / "reg").write_bytes(b"deep")
    forbidden = root / "etc/os-release"
    forbidden.chmod(0)
    done = record(tmp_path / "out", root=root)
    found = files_of(tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert b"secret" not in b"".join(found.values())
    assert b"deep" not in b"".join(found.values())
    assert not {"proc/meminfo", "proc/swaps", "proc/cpuinfo"} & set(found)
    assert "(too large)" in done.stdout
    assert "(a link to elsewhere)" in done.stdout
    assert "(folders too deep, or in a circle)" in done.stdout
    if os.geteuid() != 0:
        assert "(permission denied)" in done.stdout
    assert found["proc/device-tree/cpus/cpu@0/d-cache-size"] == (65536).to_bytes(4, "big")


def test_a_device_tree_that_is_a_link_into_sysfs_is_followed(tmp_path: Path) -> None:
    """As on a real machine, where /proc/device-tree leads to /sys/firmware/devicetree/base."""
    root = tmp_path / "root"
    shutil.copytree(BOARDS / "pi4-64bit", root)
    (root / "sys/firmware/devicetree").mkdir(parents=True)
    (root / "proc/device-tree").rename(root / "sys/firmware/devicetree/base")
    (root / "proc/device-tree").symlink_to("../sys/firmware/devicetree/base")
    (root / "usr/lib").mkdir(parents=True)
    (root / "etc/os-release").rename(root / "usr/lib/os-release")
    (root / "etc/os-release").symlink_to("../usr/lib/os-release")
    assert record(tmp_path / "out", root=root).returncode == 0
    assert capture_hardware(tmp_path / "out").caches == capture_hardware(BOARDS / "pi4-64bit").caches
    assert (tmp_path / "out/etc/os-release").is_file()


def test_limits_of_the_control_group_are_recorded_without_its_name(tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(BOARDS / "pi4-64bit", root)
    group = root / "sys/fs/cgroup/user.slice/user-1000.slice/session-3.scope"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("max\n")
    (group / "cpu.max").write_text("50000 100000\n")
    (group.parent / "memory.max").write_text("268435456\n")
    assert record(tmp_path / "out", root=root).returncode == 0
    recorded, original = (capture_hardware(tree).conditions for tree in (tmp_path / "out", root))
    assert recorded.cpu_quota == original.cpu_quota == 0.5
    assert recorded.memory_limit_bytes == original.memory_limit_bytes == 268435456
    assert not [path for path in files_of(tmp_path / "out") if "1000" in path]


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").write_text("mine")
    (tmp_path / "file.tar").write_text("mine")
    for name in ("full", "file.tar"):
        done = record(tmp_path / name, root=BOARDS / "pi2")
        assert done.returncode == 2
        assert "already there" in done.stderr
    assert (tmp_path / "file.tar").read_text() == "mine"
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine"]
    assert record(tmp_path / "file.tar/below", root=BOARDS / "pi2").returncode == 1


def test_the_recorder_is_written_for_python_3_4() -> None:
    ast.parse(RECORDER.read_text(), feature_version=(3, 4))


def test_vcgencmd_is_asked_on_raspberry_pis_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = load("record_hardware")
    tool = tmp_path / "vcgencmd"
    tool.write_text('#!/bin/sh\n[ "$1" = measure_temp ] && exit 1\necho "said $*"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    pi = {"proc/device-tree/compatible": b"raspberrypi,4-model-b\0brcm,bcm2711\0"}
    assert recorder.ask_firmware(pi) == {
        "get_throttled": "said get_throttled",
        "measure_clock arm": "said measure_clock arm",
    }
    assert recorder.ask_firmware({"proc/device-tree/compatible": b"radxa,zero-3w\0"}) == {}
    assert recorder.ask_firmware({}) == {}


def test_a_firmware_that_does_not_answer_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = load("record_hardware")
    tool = tmp_path / "vcgencmd"
    tool.write_text("#!/bin/sh\nexec sleep 60\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(recorder, "LIMIT_S", 0.2)
    assert recorder.ask_firmware({"proc/device-tree/compatible": b"raspberrypi,5-model-b\0"}) == {}


def test_the_board_trees_are_what_their_description_says(tmp_path: Path) -> None:
    """A tree that was edited by hand would be lost when they are written anew."""
    builder = load("build_board_trees")
    builder.write_all(tmp_path)
    committed = {path: data for path, data in files_of(BOARDS).items() if path != builder.SOURCE}
    assert files_of(tmp_path) == committed
