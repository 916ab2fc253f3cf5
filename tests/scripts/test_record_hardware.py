"""The recorder is run as users run it: as a program, on a tree with things planted in it that must not come out."""

import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from profiler.machine.capture import capture_hardware
from scripts import build_board_trees
from tests.machine.trees import NAMES, boards

ROOT = Path(__file__).parents[2]
RECORDER = ROOT / "scripts/record_hardware.py"
MARKERS = (b"deadbeef", b"secret", b"b827eb", b"b8:27:eb", bytes.fromhex("b827eb"), b"anna")


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
    shutil.copytree(boards() / "pi5", root)
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


LINES = (
    "Board Serial\t: deadbeef",
    "chip-serial\t: deadbeef",
    "Unique ID\t: deadbeef",
    "Machine ID\t: deadbeef",
    "S/N\t: deadbeef",
    "Ethernet\t: b8:27:eb:00:00:01",
    "ethernet addr\t: b827eb000001",
    "Revision\t: deadbeef-secret",
    "Hardware\t: BCM2835 b8-27-eb-00-00-01",
    "Model\t: Board 01234567-89ab-cdef-0123-456789deadbe",
    "processor 0: version = FF,  identification = deadbeef",
    "deadbeef",
    "Model\t: Board\rUnique ID : deadbeef",
)


@pytest.mark.parametrize("line", LINES)
def test_of_cpuinfo_only_known_lines_are_kept(line: str) -> None:
    recorder = load("record_hardware")
    told = b"processor\t: 0\nmodel name\t: A\n\nHardware\t: BCM2711\n"
    found = recorder.blank("proc/cpuinfo", line.encode() + b"\n" + told)
    assert found.endswith(told)
    assert not re.search(rb"deadbe|b8.?27.?eb|secret", found)


def test_every_line_of_cpuinfo_that_the_readers_need_is_kept() -> None:
    recorder = load("record_hardware")
    for name in NAMES:
        text = (boards() / name / "proc/cpuinfo").read_bytes()
        kept = re.sub(rb"(?m)^(Serial\s*:).*", rb"\1 0", text)
        assert recorder.blank("proc/cpuinfo", text) == kept, name


def test_of_os_release_only_known_lines_are_kept() -> None:
    recorder = load("record_hardware")
    kept = (
        'PRETTY_NAME="Debian 13"\nNAME="Debian"\nVERSION_ID="13"\nVERSION="13"\nVERSION_CODENAME=t\nID=d\nID_LIKE=e\n'
    )
    lines = "HOSTNAME=secret\nIMAGE_ID=secret\nMACHINE_ID=secret\n# secret\n PRETTY_NAME=secret\nname=secret\n"
    for path in ("etc/os-release", "usr/lib/os-release"):
        assert recorder.blank(path, (lines + kept + lines).encode()) == kept.encode()


@pytest.mark.parametrize(
    "path",
    [
        "cpus/cpu@0/unique-id",
        "cpus/cpu@0/local-mac",
        "cpus/cpu@0/owner",
        "cpus/cpu@0/name",
        "cpus/unit-anna/reg",
        "cpus/cpu@0/secret/compatible",
        "l2-cache/asset-tag",
        "cache-of-anna/compatible",
        "soc/l2-cache/otp",
        "soc-secret/l2-cache/reg",
        "memory@0/reg",
    ],
)
def test_of_the_device_tree_only_known_properties_are_kept(path: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    for place in (path, "cpus/cpu@0/reg"):
        (root / "proc/device-tree" / place).parent.mkdir(parents=True, exist_ok=True)
        (root / "proc/device-tree" / place).write_bytes(b"deadbeef")
    assert record(tmp_path / "out", root=root).returncode == 0
    found = files_of(tmp_path / "out")
    assert set(found) == {"proc/device-tree/cpus/cpu@0/reg", "recording.json"}


@pytest.mark.parametrize("name", NAMES)
def test_every_property_of_cpus_and_caches_of_the_boards_is_kept(name: str, tmp_path: Path) -> None:
    assert record(tmp_path / "out", root=boards() / name).returncode == 0
    original, found = files_of(boards() / name), files_of(tmp_path / "out")
    missing = {path for path in original if path.startswith(("sys/devices/", "proc/device-tree/"))} - set(found)
    assert {path.rsplit("/", 1)[1] for path in missing} <= {
        "bootargs",
        "serial-number",
        "local-mac-address",
        "compatible",
    }
    assert not [path for path in missing if "/cpus/" in path or "cache" in path or path.startswith("sys/")]


def test_names_of_control_groups_are_kept_only_if_they_are_known() -> None:
    recorder = load("record_hardware")
    lines = {
        "9:name=systemd:/init.scope": "9:name=systemd:/init.scope",
        "8:name=secret:/": "8:name=other:/",
        "7:secret,cpu:/": "7:other,cpu:/",
        "6:cpu,cpuacct:/docker/deadbeef": "6:cpu,cpuacct:/docker/blanked",
        "0::/system.slice/docker-deadbeef.scope": "0::/system.slice/docker",
        "0::/system.slice/docker.service": "0::/system.slice/blanked",  # a host's
        "0::/system.slice/cri-containerd-deadbeef.scope": "0::/system.slice/cri-containerd",
        "0::/lxc.payload.secret/secret": "0::/lxc/blanked",
        "secret:cpu:/": None,
        "secret": None,
    }
    for path in ("proc/self/cgroup", "proc/1/cgroup"):
        for line, kept in lines.items():
            assert recorder.blank(path, line.encode() + b"\n") == (f"{kept}\n".encode() if kept else b""), line


def test_limits_below_an_unknown_controller_are_not_looked_for(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for folder in ("name=secret", "secret", "cpu-secret", "..", "cpu"):
        (root / "sys/fs/cgroup" / folder / "anna").mkdir(parents=True)
        for place in (folder, f"{folder}/anna"):
            (root / "sys/fs/cgroup" / place / "cpu.cfs_quota_us").write_text("5")
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text("3:name=secret:/anna\n2:secret:/anna\n4:..:/anna\n1:cpu:/anna\n")
    assert record(tmp_path / "out", root=root).returncode == 0
    assert {path for path in files_of(tmp_path / "out") if path.startswith("sys/")} == {
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us",
        "sys/fs/cgroup/cpu/blanked/cpu.cfs_quota_us",
    }


@pytest.mark.parametrize(
    ("text", "kept"),
    [("lxc", "lxc\n"), ("systemd-nspawn\n", "systemd-nspawn\n"), ("secret-box\n", "container\n"), ("", "")],
)
def test_of_a_container_only_a_known_kind_is_told(text: str, kept: str) -> None:
    assert load("record_hardware").blank("run/systemd/container", text.encode()) == kept.encode()


def test_memory_swap_and_load_are_kept_as_the_kernel_writes_them_alone() -> None:
    blank = load("record_hardware").blank
    assert blank("proc/meminfo", b"MemTotal: 9 kB\nActive(anon): 1 kB\nsecret: 9 kB\nOwner: anna\n") == (
        b"MemTotal: 9 kB\nActive(anon): 1 kB\n"
    )
    swaps = b"/dev/zram0 partition 9 1 5\n/dev/sdsecret partition 8 1 5\n/dev/nvme0n1p3 partition 7 1 5\nanna\n"
    assert blank("proc/swaps", b"Filename secret\n" + swaps).splitlines()[1:] == [
        b"/dev/zram0\tpartition\t9\t1\t5",
        b"/swap\tpartition\t8\t1\t5",
        b"/dev/nvme0n1p3\tpartition\t7\t1\t5",
    ]
    assert blank("proc/loadavg", b"0.12 0.08 0.03 1/143 1432\nanna\n") == b"0.12 0.08 0.03 1/143 0\n"


GOOD = {
    "recorded_by": "scripts/record_hardware.py",
    "system": "Linux",
    "machine": "aarch64",
    "pointer_bits": 64,
    "page_size_bytes": 16384,
    "python": "3.13.0rc1+",
    "libc": "glibc 2.41",
    "cpus_allowed": [0, 1, 8192],
    "vcgencmd": {
        "get_throttled": "throttled=0x50005",
        "measure_clock arm": "frequency(48)=1500345728",
        "measure_temp": "temp=48.2'C",
        "version": "Aug 20 2025 17:02:31 \nCopyright (c) 2012 Broadcom\nversion cd866525 (clean) (release) (start)",
    },
}


def test_a_whole_recording_is_kept() -> None:
    recorder = load("record_hardware")
    assert recorder.known_facts(GOOD) == GOOD
    for name in NAMES:
        said = json.loads((boards() / name / "recording.json").read_text())
        assert recorder.known_facts(said) == said, name


@pytest.mark.parametrize(
    "said",
    [
        *({key: value} for key in [*GOOD, "host", "secret"] for value in ("secret", ["secret"], {"secret": 1}, None)),
        *({key: value} for key in ("pointer_bits", "page_size_bytes") for value in (True, 33, 1.5, -4096, 1 << 70)),
        *({"cpus_allowed": cpus} for cpus in ([], [True], [-1], [0, "secret"], [1 << 40], [0] * 9000)),
        *({key: f"{GOOD[key]} secret"} for key in ("recorded_by", "system", "machine", "python", "libc")),
        *({"vcgencmd": {question: "secret"}} for question in ("get_throttled", "measure_temp", "version", "secret")),
        {"vcgencmd": {"otp_dump": "28:deadbeef"}},
        {"vcgencmd": {"get_throttled": "throttled=0x0 secret"}},
        {"vcgencmd": {"measure_temp": "temp=1'C\n"}},
        [GOOD],
        "secret",
    ],
)
def test_of_another_recording_only_what_is_known_and_well_formed_is_kept(said: object, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root/recording.json").write_text(json.dumps(said))
    assert record(tmp_path / "out", root=tmp_path / "root").returncode == 0
    assert files_of(tmp_path / "out") == {"recording.json": b"{}\n"}


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\0", "nul", '{"pointer_bits": ' + "9" * 9000 + "}"])
def test_a_recording_that_is_none_is_left_out(text: str, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root/recording.json").write_text(text)
    assert record(tmp_path / "out", root=tmp_path / "root").returncode == 0
    assert files_of(tmp_path / "out") == {"recording.json": b"{}\n"}


def test_of_the_firmwares_version_what_is_unknown_is_cut_off() -> None:
    facts = load("record_hardware").known_facts
    said = {"version": "2025/01/08 17:52:48 \nCopyright (c) 2012 Broadcom\nversion 97facbf4 (release) (secret)"}
    assert facts({"vcgencmd": said})["vcgencmd"]["version"].endswith("version 97facbf4 (release)")


def test_names_of_folders_and_files_are_kept_only_if_they_are_known(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for path in (
        "sys/devices/system/cpu/cpu0-anna/cpu_capacity",
        "sys/devices/system/cpu/cpu0/topology/secret",
        "sys/devices/system/cpu/cpu0/topology/ppin",
        "sys/devices/system/cpu/cpu0/cache/index0/uevent",
        "sys/devices/system/cpu/cpufreq/policy0/secret",
        "sys/class/hwmon/hwmon0-anna/name",
        "sys/devices/platform/soc-anna/soc:firmware/get_throttled",
        "sys/class/thermal/thermal_zone0/trip_point_0_secret",
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("deadbeef")
    assert record(tmp_path / "out", root=root).returncode == 0
    assert set(files_of(tmp_path / "out")) == {"recording.json"}


def test_the_node_of_a_cpu_is_recorded_by_its_name_alone(tmp_path: Path) -> None:
    root, cpus = tmp_path / "root", "sys/devices/system/cpu"
    links = {
        "cpu0": "../../../firmware/devicetree/base/cpus/cpu@100",
        "cpu1": "/home/anna/secret",
        "cpu2": "cpu@secret",
    }
    for cpu, link in links.items():
        (root / cpus / cpu).mkdir(parents=True)
        (root / cpus / cpu / "of_node").symlink_to(link)
    for cpu, text in {"cpu3": "cpu@3\n", "cpu4": "secret\n"}.items():
        (root / cpus / cpu).mkdir()
        (root / cpus / cpu / "of_node_name").write_text(text)
    assert record(tmp_path / "out", root=root).returncode == 0
    found = {path.split("/")[4]: data for path, data in files_of(tmp_path / "out").items() if "of_node" in path}
    assert found == {"cpu0": b"cpu@100\n", "cpu3": b"cpu@3\n", "cpu4": b""}


def test_a_tree_of_thousands_of_cpus_is_recorded_in_part_and_soon(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for cpu in range(9000):
        folder = root / f"sys/devices/system/cpu/cpu{cpu}/cache/index0"
        folder.mkdir(parents=True)
        (folder / "size").write_text("32K")
        node = root / f"proc/device-tree/cpus/cpu@{cpu:x}"
        node.mkdir(parents=True)
        (node / "reg").write_bytes(cpu.to_bytes(4, "big"))
    started = time.monotonic()
    done = record(tmp_path / "out.tar", root=root)
    assert time.monotonic() - started < 20
    assert done.returncode == 0, done.stderr
    assert "(too many of a kind)" in done.stdout
    with tarfile.open(tmp_path / "out.tar") as file:
        names = set(file.getnames())
    assert {name for name in names if "cache" in name} == {
        f"sys/devices/system/cpu/cpu{cpu}/cache/index0/size" for cpu in range(1024)
    }
    assert len(names) == 2 * 1024 + 1


def test_a_tree_of_large_files_is_not_read_to_its_end(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for zone in range(1000):
        (root / f"sys/class/thermal/thermal_zone{zone}").mkdir(parents=True)
        with (root / f"sys/class/thermal/thermal_zone{zone}/type").open("wb") as file:
            file.truncate(1 << 30)
    recorder = load("record_hardware").Recorder(str(root)).record()
    assert recorder.found == {}
    assert recorder.left_out["too large"] == 1000
    assert recorder.total < 21_000_000


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_tells_the_same_as_the_machine(name: str, tmp_path: Path) -> None:
    assert record(tmp_path / "out", root=boards() / name).returncode == 0
    recorded, original = capture_hardware(tmp_path / "out"), capture_hardware(boards() / name)
    same_moment = msgspec.structs.replace(recorded, conditions=original.conditions)
    assert same_moment == original
    for field in ("governors", "frequencies_hz", "temperatures_celsius", "throttled"):
        assert getattr(recorded.conditions, field) == getattr(original.conditions, field), field


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tgz"])
def test_an_archive_holds_what_a_folder_would(suffix: str, tmp_path: Path) -> None:
    archive, folder = tmp_path / f"out{suffix}", tmp_path / "out"
    assert record(archive, root=boards() / "rk3588").returncode == 0
    assert record(folder, root=boards() / "rk3588").returncode == 0
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
    shutil.copytree(boards() / "pi5", root)
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
    shutil.copytree(boards() / "pi4-64bit", root)
    (root / "sys/firmware/devicetree").mkdir(parents=True)
    (root / "proc/device-tree").rename(root / "sys/firmware/devicetree/base")
    (root / "proc/device-tree").symlink_to("../sys/firmware/devicetree/base")
    (root / "usr/lib").mkdir(parents=True)
    (root / "etc/os-release").rename(root / "usr/lib/os-release")
    (root / "etc/os-release").symlink_to("../usr/lib/os-release")
    assert record(tmp_path / "out", root=root).returncode == 0
    assert capture_hardware(tmp_path / "out").caches == capture_hardware(boards() / "pi4-64bit").caches
    assert (tmp_path / "out/etc/os-release").is_file()


def test_limits_of_the_control_group_are_recorded_without_its_name(tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(boards() / "pi4-64bit", root)
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
        done = record(tmp_path / name, root=boards() / "pi2")
        assert done.returncode == 2
        assert "already there" in done.stderr
    assert (tmp_path / "file.tar").read_text() == "mine"
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine"]
    assert record(tmp_path / "file.tar/below", root=boards() / "pi2").returncode == 1


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


def test_what_tells_of_the_board_trees_is_made_from_their_description() -> None:
    """After a change of tests/boards/boards.toml: scripts/build_board_trees.py."""
    assert build_board_trees.readme(build_board_trees.read_boards()) == (ROOT / "tests/boards/README.md").read_text()


def test_the_trees_are_built_anew_where_others_were(tmp_path: Path) -> None:
    (tmp_path / "pi5").mkdir()
    (tmp_path / "pi5/left-over").write_text("")
    assert sorted(build_board_trees.write_trees(tmp_path)) == NAMES
    assert files_of(tmp_path) == files_of(boards())
