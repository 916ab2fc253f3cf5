#!/usr/bin/env python3
"""Records the files of /proc and /sys that tell what hardware this machine has, for a report or a test.

    python3 record_hardware.py my-board.tar.gz
    python3 record_hardware.py my-board            # a folder

This one file runs on any Python from 3.4, needs nothing else and no privileges. Serial numbers, UUIDs, MAC addresses,
host names, user names, boot arguments and container names are left out or blanked; everything else is copied as it is.
`layout-profiler hardware --root my-board` shows what the recording tells.
"""
# Python 3.4 knows no f-strings, no annotations of variables, no unpacking in lists, and little of pathlib.
# ruff: noqa: C402, PTH103, PTH110, PTH112, PTH113, PTH118, PTH120, PTH123, PTH208, RUF005, UP030, UP032

import argparse
import fnmatch
import io
import json
import os
import platform
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import time

MAX_FILE = 200000
MAX_FILES = 20000
MAX_TOTAL = 20000000
MAX_DEPTH = 8
LIMIT_S = 5
QUESTIONS = ("get_throttled", "measure_clock arm", "measure_temp", "version")
# Steps of a control group's path that name no unit, user or container; of others, the kind is kept.
GROUPS = ("user.slice", "system.slice", "machine.slice", "init.scope", "app.slice")
CONTAINERS = ("docker", "kubepods", "libpod", "podman", "containerd", "lxc", "nspawn", "garden")
LIMITS = (
    "cpu.max",
    "memory.max",
    "cpuset.cpus.effective",
    "cpu.cfs_quota_us",
    "cpu.cfs_period_us",
    "memory.limit_in_bytes",
)

# What is recorded. `**` stands for any number of folders.
WANTED = (
    ".dockerenv",
    "etc/os-release",
    "usr/lib/os-release",
    "run/.containerenv",
    "run/systemd/container",
    "system/build.prop",
    "proc/cpuinfo",
    "proc/meminfo",
    "proc/swaps",
    "proc/loadavg",
    "proc/self/cgroup",
    "proc/1/cgroup",
    "proc/sys/kernel/osrelease",
    "proc/sys/kernel/ostype",
    "proc/sys/kernel/arch",
    "proc/device-tree/model",
    "proc/device-tree/compatible",
    "proc/device-tree/hypervisor/compatible",
    "proc/device-tree/chosen/bootloader/version",
    "proc/device-tree/chosen/bootloader/build-timestamp",
    "proc/device-tree/system/linux,revision",
    "proc/device-tree/cpus/**",
    "proc/device-tree/*cache*/**",
    "proc/device-tree/soc*/*cache*/**",
    "sys/devices/system/cpu/online",
    "sys/devices/system/cpu/possible",
    "sys/devices/system/cpu/present",
    "sys/devices/system/cpu/cpu[0-9]*/cache/index[0-9]*/*",
    "sys/devices/system/cpu/cpu[0-9]*/topology/*",
    "sys/devices/system/cpu/cpu[0-9]*/regs/identification/midr_el1",
    "sys/devices/system/cpu/cpu[0-9]*/cpu_capacity",
    "sys/devices/system/cpu/cpufreq/policy[0-9]*/*",
    "sys/devices/cpu_core/cpus",
    "sys/devices/cpu_atom/cpus",
    "sys/devices/system/node/online",
    "sys/devices/system/node/node[0-9]*/cpulist",
    "sys/devices/platform/soc*/soc*firmware/get_throttled",
    "sys/class/thermal/thermal_zone[0-9]*/type",
    "sys/class/thermal/thermal_zone[0-9]*/temp",
    "sys/class/thermal/thermal_zone[0-9]*/trip_point_[0-9]*",
    "sys/class/hwmon/hwmon[0-9]*/name",
    "sys/class/hwmon/hwmon[0-9]*/in0_lcrit_alarm",
    "sys/class/hwmon/hwmon[0-9]*/temp[0-9]*_input",
    "sys/class/hwmon/hwmon[0-9]*/temp[0-9]*_label",
    "sys/class/dmi/id/sys_vendor",
    "sys/class/dmi/id/product_name",
    "sys/class/dmi/id/board_vendor",
    "sys/class/dmi/id/board_name",
    "sys/class/dmi/id/bios_vendor",
    "sys/class/dmi/id/bios_version",
    "sys/class/dmi/id/bios_date",
    "sys/hypervisor/type",
    "sys/kernel/mm/swap/vma_ra_enabled",
    "sys/kernel/mm/transparent_hugepage/enabled",
    "sys/kernel/mm/hugepages/hugepages-*/nr_hugepages",
    "sys/fs/cgroup/cpu.max",
    "sys/fs/cgroup/cpuset.cpus.effective",
    "sys/fs/cgroup/memory.max",
    "sys/fs/cgroup/cpu*/cpu.cfs_quota_us",
    "sys/fs/cgroup/cpu*/cpu.cfs_period_us",
    "sys/fs/cgroup/cpuset/cpuset.effective_cpus",
    "sys/fs/cgroup/memory/memory.limit_in_bytes",
)
# Never copied, whatever the list above says.
FORBIDDEN = ("*serial*", "*uuid*", "*mac-address*", "*bootargs*", "*hostname*", "*machine-id*", "*boot_id*")
# Copied as empty files: that they are there says all.
EMPTY = (".dockerenv", "run/.containerenv", "system/build.prop")
# Where links may lead, by the folder they are in. The device tree is a link from /proc to /sys.
LINKS = {"sys": ("sys",), "proc": ("proc", "sys/firmware"), "etc": ("etc", "usr/lib")}
RECORDING = "recording.json"


class Recorder:
    """Copies wanted files below a root: `found` has their contents by path, `left_out` counts the others by reason."""

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self.found = {}  # type: dict[str, bytes]
        self.left_out = {}  # type: dict[str, int]
        self.total = 0

    def record(self) -> "Recorder":
        """Copy everything that is wanted."""
        for pattern in WANTED:
            self._walk("", pattern.split("/"), ())
        self._record_limits()
        return self

    def copy(self, path: str, name_it: "str | None" = None) -> None:
        """Copy one file, if it is one and may be copied, under another path if one is given."""
        name = path.rsplit("/", 1)[-1].lower()
        if (name_it or path) in self.found or not os.path.isfile(
            self._full(path)
        ):  # a folder, pipe or device, or a link to itself
            return
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in FORBIDDEN):
            self._leave_out("names this unit or its owner")
        elif not self._is_inside(path):
            self._leave_out("a link to elsewhere")
        elif len(self.found) >= MAX_FILES:
            self._leave_out("too many files")
        elif path in EMPTY:
            self.found[path] = b""
        else:
            self._read(path, name_it or path)

    def _record_limits(self) -> None:
        """The limits of this process's control groups, in folders whose names tell no user and no container."""
        try:
            with open(self._full("proc/self/cgroup"), "rb") as file:
                lines = file.read(MAX_FILE).decode("utf-8", "replace").splitlines()
        except OSError:
            return
        for line in lines[:100]:
            _, _, rest = line.partition(":")
            controllers, _, place = rest.partition(":")
            top = ["sys/fs/cgroup"] + ([controllers] if controllers else [])
            steps = [step for step in place.split("/") if step][:MAX_DEPTH]
            for depth in range(1, len(steps) + 1 if ".." not in steps else 0):
                for name in LIMITS:
                    self.copy(
                        "/".join(top + steps[:depth] + [name]), "/".join(top + blank_steps(place)[:depth] + [name])
                    )

    def _walk(self, path: str, parts: "list[str]", seen: "tuple[str, ...]") -> None:
        """Follow a pattern from one folder on. `seen` has the folders above, against links that lead back."""
        part, rest = parts[0], parts[1:]
        if part == "**":
            self._walk_all(path, seen)
            return
        for name in self._names(path) if any(mark in part for mark in "*?[") else [part]:
            below = path + "/" + name if path else name
            if not fnmatch.fnmatchcase(name, part):
                continue
            if not rest:
                self.copy(below)
            elif os.path.isdir(self._full(below)) and self._is_inside(below):
                self._walk(below, rest, seen)

    def _walk_all(self, path: str, seen: "tuple[str, ...]") -> None:
        real = os.path.realpath(self._full(path))
        if real in seen or len(seen) >= MAX_DEPTH:
            self._leave_out("folders too deep, or in a circle")
            return
        for name in self._names(path):
            below = path + "/" + name
            if not os.path.isdir(self._full(below)):
                self.copy(below)
            elif self._is_inside(below):
                self._walk_all(below, seen + (real,))

    def _names(self, path: str) -> "list[str]":
        try:
            return sorted(os.listdir(self._full(path)))
        except OSError as error:
            self._leave_out((error.strerror or "unreadable").lower())
            return []

    def _full(self, path: str) -> str:
        return os.path.join(self.root, path)

    def _is_inside(self, path: str) -> bool:
        """Whether the links on the way lead only where they may."""
        base = self.root.rstrip("/") + "/"
        real = os.path.realpath(self._full(path))
        places = LINKS.get(path.split("/", 1)[0], ())
        return real == base + path or any((real + "/").startswith(base + place + "/") for place in places)

    def _read(self, path: str, name_it: str) -> None:
        try:
            with open(self._full(path), "rb") as file:
                data = file.read(MAX_FILE + 1)
        except OSError as error:  # forbidden, gone, or a driver that does not answer
            self._leave_out((error.strerror or "unreadable").lower())
            return
        if len(data) > MAX_FILE or self.total + len(data) > MAX_TOTAL:
            self._leave_out("too large")
            return
        self.total += len(data)
        self.found[name_it] = blank(path, data)

    def _leave_out(self, why: str) -> None:
        self.left_out[why] = self.left_out.get(why, 0) + 1


def blank(path: str, data: bytes) -> bytes:
    """The contents of a file without what names this unit, its owner or its containers."""
    if path == "proc/cpuinfo":
        return re.sub(rb"(?im)^((?:serial|uuid|mac addr|chip ?id)[^:\n]*:).*$", rb"\1 0", data)
    if path in ("proc/self/cgroup", "proc/1/cgroup"):
        return b"".join(_blank_cgroup(line) for line in data.splitlines())
    if path == "proc/swaps":  # a volume group is often named after its host, a folder after its owner
        return re.sub(rb"(?m)^/(?!dev/(?:zram|mmcblk|sd|nvme|vd)[a-z0-9]*\s|var/swap\s|swapfile\s)\S+", b"/swap", data)
    if path == "proc/loadavg":  # the last number is a process
        return re.sub(rb" [0-9]+\s*$", b" 0\n", data)
    return data


def _blank_cgroup(line: bytes) -> bytes:
    """`4:cpu:/docker/<64 hex digits>` keeps its controllers and the kind of container, no ids and no names."""
    number, _, rest = line.decode("utf-8", "replace").partition(":")
    controllers, _, place = rest.partition(":")
    return "{0}:{1}:/{2}\n".format(number, controllers, "/".join(blank_steps(place))).encode()


def blank_steps(place: str) -> "list[str]":
    """The steps of a control group's path without names."""
    return [_blank_step(step) for step in place.split("/") if step]


def _blank_step(step: str) -> str:
    return step if step in GROUPS else next((kind for kind in CONTAINERS if kind in step), "blanked")


def ask_firmware(files: "dict[str, bytes]") -> "dict[str, str]":
    """What vcgencmd says, on a Raspberry Pi that has it. Other boards ship fakes."""
    answers = {}  # type: dict[str, str]
    tool = shutil.which("vcgencmd")
    if tool is None or b"raspberrypi," not in files.get("proc/device-tree/compatible", b""):
        return answers
    for question in QUESTIONS:
        try:
            said = subprocess.check_output([tool] + question.split(), stderr=subprocess.DEVNULL, timeout=LIMIT_S)
        except (OSError, subprocess.SubprocessError):
            break
        answers[question] = said.decode("utf-8", "replace").strip()[:400]
    return answers


def describe_machine(files: "dict[str, bytes]") -> "dict[str, object]":
    """What no file tells."""
    said = {
        "recorded_by": "scripts/record_hardware.py",
        "system": platform.system(),
        "machine": platform.machine(),
        "pointer_bits": struct.calcsize("P") * 8,
        "python": platform.python_version(),
        "libc": " ".join(platform.libc_ver()).strip(),
        "vcgencmd": ask_firmware(files),
    }  # type: dict[str, object]
    if hasattr(os, "sysconf"):
        said["page_size_bytes"] = os.sysconf("SC_PAGE_SIZE")
    if hasattr(os, "sched_getaffinity"):
        said["cpus_allowed"] = sorted(os.sched_getaffinity(0))
    return dict((key, value) for key, value in said.items() if value)


def recording_of(root: str, files: "dict[str, bytes]") -> bytes:
    """The description of this machine, or the one that lies at the root of another tree."""
    if os.path.realpath(root) == "/":
        return (json.dumps(describe_machine(files), indent=2, sort_keys=True) + "\n").encode()
    recorder = Recorder(root)
    recorder.copy(RECORDING)
    return recorder.found.get(RECORDING, b"{}\n")


def write_folder(files: "dict[str, bytes]", target: str) -> None:
    """Write the files below a folder that is new or empty."""
    for path in sorted(files):
        place = os.path.join(target, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(files[path])


def write_archive(files: "dict[str, bytes]", target: str) -> None:
    """Write the files into an archive, without the names of this user and group."""
    with tarfile.open(target, "w" if target.endswith(".tar") else "w:gz") as archive:
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size = len(files[path])
            entry.mtime = int(time.time())
            archive.addfile(entry, io.BytesIO(files[path]))


def main(arguments: "list[str] | None" = None) -> int:
    """Record this machine, or another tree."""
    parser = argparse.ArgumentParser(description="Records what hardware this machine has, without naming the unit.")
    parser.add_argument("target", help="a new folder, or a new file that ends in .tar, .tar.gz or .tgz")
    parser.add_argument("--root", default="/", help="record from another tree, as of another disk")
    chosen = parser.parse_args(arguments)
    target = chosen.target
    if os.path.exists(target) and (not os.path.isdir(target) or os.listdir(target)):
        parser.error(target + " is already there")
    recorder = Recorder(chosen.root).record()
    files = recorder.found
    files[RECORDING] = recording_of(chosen.root, files)
    try:
        (write_archive if target.endswith((".tar", ".tar.gz", ".tgz")) else write_folder)(files, target)
    except OSError as error:
        sys.stderr.write("cannot write {0}: {1}\n".format(target, error.strerror))
        return 1
    print("{0}: {1} files, {2} bytes".format(target, len(files), sum(len(data) for data in files.values())))
    for why in sorted(recorder.left_out):
        print("left out: {0} ({1})".format(recorder.left_out[why], why))
    return 0


if __name__ == "__main__":
    sys.exit(main())
