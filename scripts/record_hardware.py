#!/usr/bin/env python3
"""Records the files of /proc and /sys that tell what hardware this machine has, for a report or a test.

    python3 record_hardware.py my-board.tar.gz
    python3 record_hardware.py my-board            # a folder

This one file runs on any Python from 3.4, needs nothing else and no privileges. Serial numbers, UUIDs, MAC addresses,
host names, user names, boot arguments and container names are left out: only those files, lines, properties and
answers are copied that are known to tell a kind of machine, not which one it is.
`layout-profiler hardware --root my-board` shows what the recording tells.
"""
# Python 3.4 knows no f-strings, no annotations of variables, no unpacking in lists, and little of pathlib.
# ruff: noqa: C402, PTH103, PTH110, PTH112, PTH113, PTH114, PTH115, PTH118, PTH119, PTH120, PTH123, PTH208, RUF005
# ruff: noqa: SIM905, UP030, UP032

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
MAX_FOLDERS = 40000
MAX_SIBLINGS = 1024  # of a kind in one folder: CPUs, nodes, sensors
MAX_DEPTH = 8
LIMIT_S = 5
QUESTIONS = ("get_throttled", "measure_clock arm", "measure_temp", "version")
# Steps of a control group's path that name no unit, user or container; of containers, the kind is kept.
GROUPS = ("user.slice", "system.slice", "machine.slice", "init.scope", "app.slice")
CONTAINER_GROUPS = (
    ("docker", r"docker|docker-[0-9a-f].*\.scope"),
    ("libpod", r"libpod.*"),
    ("kubepods", r"kubepods.*"),
    ("cri-containerd", r"cri-containerd.*|containerd-[0-9a-f].*"),
    ("lxc", r"lxc|lxc\.payload.*"),
    ("garden", r"garden"),
)
CONTROLLERS = frozenset(
    (
        "cpu cpuacct cpuset memory blkio io pids devices freezer net_cls net_prio perf_event hugetlb rdma misc debug "
        "dmem"
    ).split()
)
LIMITS = (
    "cpu.max",
    "memory.max",
    "cpuset.cpus.effective",
    "cpu.cfs_quota_us",
    "cpu.cfs_period_us",
    "memory.limit_in_bytes",
)
KINDS = frozenset("docker podman lxc lxc-libvirt systemd-nspawn oci wsl proot openvz rkt pouch container".split())
# Lines of /proc/cpuinfo that tell a kind of processor or board. All others are left out.
CPUINFO = frozenset(
    (
        "processor,vendor_id,cpu family,model,model name,stepping,microcode,cpu MHz,cache size,physical id,siblings,"
        "core id,cpu cores,apicid,initial apicid,fpu,fpu_exception,cpuid level,wp,flags,vmx flags,bugs,bogomips,"
        "BogoMIPS,TLB size,clflush size,cache_alignment,address sizes,power management,Features,CPU implementer,"
        "CPU architecture,CPU variant,CPU part,CPU revision,Processor,Hardware,Revision,Model,hart,isa,hart isa,mmu,"
        "uarch,mvendorid,marchid,mimpid,hypervisor,Hypervisor,Hypervisor vendor,Virtualization type,system type,"
        "cpu model,cpu,clock,CPU Family,Model Name,CPU Revision,CPU MHz,CPU MHz(max),Address Sizes,ISA"
    ).split(",")
)
CPUINFO_BLANKED = ("Serial",)  # that it is there tells of the kernel
OS_RELEASE = ("PRETTY_NAME", "NAME", "ID", "ID_LIKE", "VERSION_ID", "VERSION", "VERSION_CODENAME")
UNIQUE = (
    r"(?<![0-9A-Fa-f:-])[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}(?![0-9A-Fa-f:-])"  # a MAC address
    r"|[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"  # a UUID
)
# Nodes and properties of the device tree that are recorded below `cpus` and of caches.
NODE = re.compile(
    r"cpus|soc(@[0-9a-f]{1,16})?|cpu-map|(socket|cluster|core|thread)[0-9]{1,4}|cpu[0-9]{0,4}(@[0-9a-f,]{1,20})?"
    r"|(cluster[0-9]{1,3}[-_])?(l[1-4][a-z]?[-_]?)?cache(-controller)?([-_]?(cluster|[a-z]{0,2})[0-9]{0,3}(_[0-9]{1,3})?)"
    r"(@[0-9a-f,]{1,20})?|(cluster[0-9]{1,3}[-_])?l[1-4]([-_][a-z]?[0-9]{1,3})?(@[0-9a-f]{1,16})?"
)
PROPERTY = re.compile(
    r"compatible|reg|device_type|status|enable-method|phandle|linux,phandle|ibm,phandle|cpu|clock-frequency"
    r"|timebase-frequency|capacity-dmips-mhz|next-level-cache|l2-cache|mmu-type|tlb-split|#(address|size|cooling)-cells"
    r"|cache-(unified|level|size|sets|line-size|block-size)|[di]-cache-(size|sets|line-size|block-size)"
    r"|[di]-tlb-(size|sets)|riscv,(isa|isa-base|isa-extensions|cbom-block-size|cbop-block-size|cboz-block-size)"
)
OF_NODE = re.compile(r"cpu[0-9]{0,4}(@[0-9a-f,]{1,20})?")

# Names of more than one thing, in the paths below. `#` stands for a number, `**` for any number of folders.
NAMES = {
    "<soc>": r"soc(@[0-9a-f]{1,16})?",
    "<firmware>": r"soc(@[0-9a-f]{1,16})?:firmware",
    "<cache>": r"[a-z0-9_,@-]*cache[a-z0-9_,@-]*",  # and `NODE` holds
    "<cache file>": r"level|type|size|coherency_line_size|ways_of_associativity|number_of_sets|shared_cpu_list|id"
    r"|physical_line_partition|allocation_policy|write_policy",
    "<topology file>": r"(thread_siblings|core_siblings|core_cpus|cluster_cpus|die_cpus|package_cpus)_list"
    r"|physical_package_id|die_id|cluster_id|core_id",
    "<policy file>": r"(related|affected)_cpus|freqdomain_cpus|scaling_(driver|governor|available_governors)"
    r"|(scaling|cpuinfo)_(min|max|cur|avg)_freq|scaling_(available|boost)_frequencies|cpuinfo_transition_latency"
    r"|base_frequency|bios_limit|energy_performance_preference",
    "<trip>": r"trip_point_[0-9]{1,3}_(temp|type|hyst)",
    "<cpu group>": r"cpu|cpuacct|cpuset|cpu,cpuacct|cpuacct,cpu",
}

# What is recorded.
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
    "sys/devices/system/cpu/online",
    "sys/devices/system/cpu/possible",
    "sys/devices/system/cpu/present",
    "sys/devices/cpu_core/cpus",
    "sys/devices/cpu_atom/cpus",
    "sys/devices/system/node/online",
    "sys/devices/system/node/node#/cpulist",
    "sys/devices/platform/<soc>/<firmware>/get_throttled",
    "sys/class/thermal/thermal_zone#/type",
    "sys/class/thermal/thermal_zone#/temp",
    "sys/class/thermal/thermal_zone#/<trip>",
    "sys/class/hwmon/hwmon#/name",
    "sys/class/hwmon/hwmon#/in0_lcrit_alarm",
    "sys/class/hwmon/hwmon#/temp#_input",
    "sys/class/hwmon/hwmon#/temp#_label",
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
    "sys/kernel/mm/hugepages/hugepages-#kB/nr_hugepages",
    "sys/fs/cgroup/cpu.max",
    "sys/fs/cgroup/cpuset.cpus.effective",
    "sys/fs/cgroup/memory.max",
    "sys/fs/cgroup/<cpu group>/cpu.cfs_quota_us",
    "sys/fs/cgroup/<cpu group>/cpu.cfs_period_us",
    "sys/fs/cgroup/cpuset/cpuset.effective_cpus",
    "sys/fs/cgroup/memory/memory.limit_in_bytes",
    # Many of each, so last: what is over the limits is left out.
    "proc/device-tree/<cache>/**",
    "proc/device-tree/<soc>/<cache>/**",
    "proc/device-tree/cpus/**",
    "sys/devices/system/cpu/cpufreq/policy#/<policy file>",
    "sys/devices/system/cpu/cpu#/of_node_name",
    "sys/devices/system/cpu/cpu#/regs/identification/midr_el1",
    "sys/devices/system/cpu/cpu#/cpu_capacity",
    "sys/devices/system/cpu/cpu#/topology/<topology file>",
    "sys/devices/system/cpu/cpu#/cache/index#/<cache file>",
)
# Never copied, whatever the list above says.
FORBIDDEN = ("*serial*", "*uuid*", "*mac-address*", "*bootargs*", "*hostname*", "*machine-id*", "*boot_id*")
# Copied as empty files: that they are there says all.
EMPTY = (".dockerenv", "run/.containerenv", "system/build.prop")
# Where links may lead, by the folder they are in. The device tree is a link from /proc to /sys.
LINKS = {"sys": ("sys",), "proc": ("proc", "sys/firmware"), "etc": ("etc", "usr/lib")}
RECORDING = "recording.json"
RECORDED_BY = "scripts/record_hardware.py"
# What a recording may say, by key, and what vcgencmd may answer, by question.
TEXTS = {
    "recorded_by": r"scripts/(record_hardware|build_board_trees)\.py",
    "system": r"Linux|Darwin|Windows|FreeBSD|NetBSD|OpenBSD|SunOS|Android|iOS",
    "machine": r"aarch64(_be)?|arm64|arm(v[4-9][a-z]{0,3})?|x86_64|amd64|AMD64|x86|i[3-6]86|riscv(32|64)"
    r"|ppc(64|64le)?|s390x?|mips(64)?(el|le)?|loongarch(32|64)|sparc64",
    "python": r"[0-9]{1,3}(\.[0-9]{1,3}){1,2}((a|b|rc)[0-9]{1,3})?\+?",
    "libc": r"(glibc|libc|musl|bionic)( [0-9]{1,4}(\.[0-9]{1,4}){0,3})?",
}
ANSWERS = {
    "get_throttled": r"throttled=0x[0-9a-fA-F]{1,8}",
    "measure_clock arm": r"frequency\([0-9]{1,3}\)=[0-9]{1,12}",
    "measure_temp": r"temp=[0-9]{1,3}(\.[0-9]{1,3})?'C",
    "version": r"([A-Z][a-z]{2} [ 0-9][0-9] [0-9]{4}|[0-9]{4}/[0-9]{2}/[0-9]{2}) [0-9]{2}:[0-9]{2}:[0-9]{2} ?"
    r"(\r?\nCopyright \(c\) [0-9]{4} Broadcom)?"
    r"(\r?\nversion [0-9a-f]{4,40}( \((clean|tainted|release|debug|embedded|start[0-9]?(_cd|_db|_x)?)\)){0,4})?",
}
MAX_CPU = 8192
SWAP = re.compile(r"(/.*?)\s+(file|partition)\s+([0-9]{1,18})\s+([0-9]{1,18})\s+(-?[0-9]{1,6})\s*")
SWAP_NAMES = re.compile(
    r"/dev/(zram|mmcblk|sd|nvme|vd)[a-z]?[0-9]{0,3}((n[0-9]{1,3})?p?[0-9]{1,3})?|/var/swap|/swapfile"
)


class Recorder:
    """Copies wanted files below a root: `found` has their contents by path, `left_out` counts the others by reason."""

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self.found = {}  # type: dict[str, bytes]
        self.left_out = {}  # type: dict[str, int]
        self.total = 0
        self.folders = 0
        self.reals = {}  # type: dict[str, str]

    def record(self) -> "Recorder":
        """Copy everything that is wanted."""
        for pattern in WANTED:
            self._walk("", pattern.split("/"), ())
        self._record_limits()
        self._record_of_nodes()
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
        elif path.startswith("proc/device-tree/") and not is_known_property(path):
            self._leave_out("not known to tell no unit")
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
            if controllers and not CONTROLLERS.issuperset(controllers.split(",")):
                continue
            top = ["sys/fs/cgroup"] + ([controllers] if controllers else [])
            steps = [step for step in place.split("/") if step][:MAX_DEPTH]
            for depth in range(1, len(steps) + 1 if ".." not in steps else 0):
                for name in LIMITS:
                    self.copy(
                        "/".join(top + steps[:depth] + [name]), "/".join(top + blank_steps(place)[:depth] + [name])
                    )

    def _record_of_nodes(self) -> None:
        """Which node of the device tree each CPU is: the kernel links to it, and a recording has no links."""
        top = "sys/devices/system/cpu"
        for cpu in self._matching(top, "cpu#"):
            path = top + "/" + cpu + "/of_node_name"
            try:
                name = os.path.basename(os.readlink(self._full(top + "/" + cpu + "/of_node")))
            except OSError:
                continue
            if OF_NODE.fullmatch(name) and path not in self.found and len(self.found) < MAX_FILES:
                self.found[path] = (name + "\n").encode()

    def _walk(self, path: str, parts: "list[str]", seen: "tuple[str, ...]") -> None:
        """Follow a pattern from one folder on. `seen` has the folders above, against links that lead back."""
        part, rest = parts[0], parts[1:]
        if part == "**":
            self._walk_all(path, seen)
            return
        for name in self._matching(path, part) if "#" in part or part in NAMES else [part]:
            below = path + "/" + name if path else name
            if not rest:
                self.copy(below)
            elif os.path.isdir(self._full(below)) and self._is_inside(below):
                self._walk(below, rest, seen)

    def _walk_all(self, path: str, seen: "tuple[str, ...]") -> None:
        real = os.path.realpath(self._full(path))
        if real in seen or len(seen) >= MAX_DEPTH:
            self._leave_out("folders too deep, or in a circle")
            return
        for name in self._first(self._names(path)):
            below = path + "/" + name
            if not os.path.isdir(self._full(below)):
                self.copy(below)
            elif self._is_inside(below):
                self._walk_all(below, seen + (real,))

    def _matching(self, path: str, part: str) -> "list[str]":
        pattern = re.compile(NAMES[part] if part in NAMES else part.replace("#", "[0-9]{1,9}"))
        return self._first([name for name in self._names(path) if pattern.fullmatch(name)])

    def _first(self, names: "list[str]") -> "list[str]":
        """As many as a machine may have, the lowest numbers first."""
        for _ in names[MAX_SIBLINGS:]:
            self._leave_out("too many of a kind")
        return sorted(names, key=lambda name: (len(name), name))[:MAX_SIBLINGS]

    def _names(self, path: str) -> "list[str]":
        self.folders += 1
        if self.folders > MAX_FOLDERS:
            self._leave_out("too many folders")
            return []
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
        real = self._real(path)
        places = LINKS.get(path.split("/", 1)[0], ())
        return real == base + path or any((real + "/").startswith(base + place + "/") for place in places)

    def _real(self, path: str) -> str:
        """The path without links; a folder is looked up once."""
        full = self._full(path)
        if os.path.islink(full):
            return os.path.realpath(full)
        folder, name = os.path.split(full)
        if folder not in self.reals:
            self.reals[folder] = os.path.realpath(folder)
        return os.path.join(self.reals[folder], name)

    def _read(self, path: str, name_it: str) -> None:
        if self.total >= MAX_TOTAL:
            self._leave_out("too large")
            return
        try:
            with open(self._full(path), "rb") as file:
                data = file.read(MAX_FILE + 1)
        except OSError as error:  # forbidden, gone, or a driver that does not answer
            self._leave_out((error.strerror or "unreadable").lower())
            return
        self.total += len(data)
        if len(data) > MAX_FILE or self.total > MAX_TOTAL:
            self._leave_out("too large")
            return
        self.found[name_it] = blank(path, data)

    def _leave_out(self, why: str) -> None:
        self.left_out[why] = self.left_out.get(why, 0) + 1


def is_known_property(path: str) -> bool:
    """Whether a property of the device tree is known to tell no unit; those named one by one in `WANTED` are."""
    steps = path.split("/")[2:]
    return path in WANTED or bool(all(NODE.fullmatch(step) for step in steps[:-1]) and PROPERTY.fullmatch(steps[-1]))


def blank(path: str, data: bytes) -> bytes:
    """The contents of a file without what names this unit, its owner or its containers."""
    data = re.sub(UNIQUE.encode(), b"0", data)
    line = LINES.get(path.rsplit("/", 1)[-1] if path.startswith(("etc/", "usr/", "sys/devices/")) else path)
    if line is None:
        return data
    kept = [line(text) for text in data.decode("utf-8", "replace").splitlines()]
    return "".join(text + "\n" for text in kept if text is not None).encode()


def _cpuinfo_line(line: str) -> "str | None":
    key, _, value = line.partition(":")
    if not line.strip():
        return ""
    if key.strip() in CPUINFO_BLANKED:
        return key + ": 0"
    if key.strip() not in CPUINFO or (key.strip() == "Revision" and not re.match(r"\s*[0-9a-f]{1,8}\s*$", value)):
        return None
    return line


def _os_release_line(line: str) -> "str | None":
    return line if line.partition("=")[0] in OS_RELEASE else None


def _meminfo_line(line: str) -> "str | None":
    return line if re.match(r"[A-Z][A-Za-z0-9_]{1,30}(\([a-z_]{1,12}\))?:\s*[0-9]{1,18}( kB)?\s*$", line) else None


def _swaps_line(line: str) -> "str | None":
    """A volume group is often named after its host, a folder after its owner."""
    if line.startswith("Filename"):
        return "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority"
    match = SWAP.fullmatch(line)
    if match is None:
        return None
    return "\t".join((match.group(1) if SWAP_NAMES.fullmatch(match.group(1)) else "/swap",) + match.groups()[1:])


def _loadavg_line(line: str) -> "str | None":
    """The last number is a process."""
    match = re.match(r"((?:[0-9]{1,9}\.[0-9]{1,4} ){3}[0-9]{1,9}/[0-9]{1,9}) [0-9]{1,10}\s*$", line)
    return match.group(1) + " 0" if match else None


def _container_line(line: str) -> "str | None":
    return (line.strip() if line.strip() in KINDS else "container") if line.strip() else None


def _of_node_line(line: str) -> "str | None":
    return line if OF_NODE.fullmatch(line) else None


def _cgroup_line(line: str) -> "str | None":
    """`4:cpu:/docker/<64 hex digits>` keeps its controllers and the kind of container, no ids and no names."""
    number, _, rest = line.partition(":")
    controllers, _, place = rest.partition(":")
    if re.match(r"[0-9]{1,4}$", number) is None:
        return None
    known = ",".join(_controller(name) for name in controllers.split(",")) if controllers else ""
    return "{0}:{1}:/{2}".format(number, known, "/".join(blank_steps(place)))


def _controller(name: str) -> str:
    if name in CONTROLLERS or name == "name=systemd":
        return name
    return "name=other" if name.startswith("name=") else "other"


def blank_steps(place: str) -> "list[str]":
    """The steps of a control group's path without names."""
    return [_blank_step(step) for step in place.split("/") if step]


def _blank_step(step: str) -> str:
    if step in GROUPS:
        return step
    return next((kind for kind, pattern in CONTAINER_GROUPS if re.match("(" + pattern + ")$", step)), "blanked")


# What is kept of each line of a file, by its path, or by its name below /etc, /usr and /sys/devices; None drops a line.
LINES = {
    "proc/cpuinfo": _cpuinfo_line,
    "proc/meminfo": _meminfo_line,
    "proc/swaps": _swaps_line,
    "proc/loadavg": _loadavg_line,
    "proc/self/cgroup": _cgroup_line,
    "proc/1/cgroup": _cgroup_line,
    "os-release": _os_release_line,
    "run/systemd/container": _container_line,
    "of_node_name": _of_node_line,
}


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
        "recorded_by": RECORDED_BY,
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


def known_facts(said: object) -> "dict[str, object]":
    """What a recording says that is known and well formed: another tree's may have anything in it."""
    if not isinstance(said, dict):
        return {}
    found = {}  # type: dict[str, object]
    for key, pattern in TEXTS.items():
        if isinstance(said.get(key), str) and re.compile(pattern).fullmatch(said[key]):
            found[key] = said[key]
    if _is_number(said.get("pointer_bits"), 64) and said["pointer_bits"] in (32, 64):
        found["pointer_bits"] = said["pointer_bits"]
    size = said.get("page_size_bytes")
    if _is_number(size, 1 << 24) and size and not size & (size - 1):
        found["page_size_bytes"] = size
    cpus = said.get("cpus_allowed")
    if isinstance(cpus, list) and 0 < len(cpus) <= MAX_CPU + 1 and all(_is_number(cpu, MAX_CPU) for cpu in cpus):
        found["cpus_allowed"] = cpus
    answers = _known_answers(said.get("vcgencmd"))
    if answers:
        found["vcgencmd"] = answers
    return found


def _is_number(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _known_answers(said: object) -> "dict[str, str]":
    """The firmware's answers to what is asked, if it answered as it does."""
    answers = {}  # type: dict[str, str]
    for question in QUESTIONS:
        answer = said.get(question) if isinstance(said, dict) else None
        pattern = re.compile(ANSWERS[question])
        match = pattern.match(answer) if isinstance(answer, str) else None
        if match and (question == "version" or match.end() == len(match.string)):  # of its lines, those that are known
            answers[question] = match.group().strip()
    return answers


def recording_of(root: str) -> bytes:
    """What the recording at the root of another tree says, as far as it is known."""
    recorder = Recorder(root)
    recorder.copy(RECORDING)
    try:
        said = json.loads(recorder.found.get(RECORDING, b"{}").decode("utf-8", "replace"))
    except (ValueError, RuntimeError):  # no JSON, or too deep
        said = {}
    return _as_json(known_facts(said))


def _as_json(said: "dict[str, object]") -> bytes:
    return (json.dumps(said, indent=2, sort_keys=True) + "\n").encode()


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
    is_here = os.path.realpath(chosen.root) == "/"
    files[RECORDING] = _as_json(known_facts(describe_machine(files))) if is_here else recording_of(chosen.root)
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
