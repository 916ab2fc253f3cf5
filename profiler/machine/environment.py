"""What stands between this program and the hardware: virtual machine, container, emulator, 32-bit userland.

A virtual machine's caches are what its hypervisor says. Under `qemu-user` the files in `/proc` and `/sys` are those of
the host: they describe another machine than the one the program sees, so nothing of them may be believed.
"""

import re
from pathlib import Path

from profiler.machine.facts import UNKNOWN
from profiler.machine.recording import Recording
from profiler.machine.records import Environment, Fact
from profiler.machine.sources import devicetree, dmi
from profiler.machine.sources.cpuinfo import Architecture, CpuInfo
from profiler.machine.sources.source import exists, read_text

NONE = "none"
MAX_GROUPS_TEXT = 16_000  # characters: a process is in a dozen groups
_HYPERVISORS = {
    "qemu": "QEMU", "vmware": "VMware", "innotek": "VirtualBox", "xen": "Xen", "amazon ec2": "Amazon EC2",
    "google compute engine": "Google Compute Engine", "openstack": "OpenStack", "parallels": "Parallels",
    "bochs": "Bochs",
    "microsoft corporation virtual": "Hyper-V", "kvm": "KVM",
}  # fmt: skip
_CONTAINER_GROUPS = {  # names of control groups, as their makers write them; a service of that name is on a host
    "docker": r"docker|docker-[0-9a-f].*\.scope", "podman": r"libpod.*", "kubernetes": r"kubepods.*",
    "containerd": r"cri-containerd.*|containerd-[0-9a-f].*", "lxc": r"lxc|lxc\.payload.*", "garden": r"garden",
}  # fmt: skip
_CONTAINER_FILES = {".dockerenv": "docker", "run/.containerenv": "podman"}
_64_BIT = {"aarch64", "arm64", "armv8l", "x86_64", "amd64", "riscv64"}  # armv8l: aarch64 seen through linux32
_KINDS: tuple[tuple[str, Architecture], ...] = (
    (r"arm|aarch64", "arm"),
    (r"x86|amd64|i[3-6]86", "x86"),
    (r"riscv", "riscv"),
)  # fmt: skip


def capture_environment(root: Path, cpuinfo: CpuInfo, recording: Recording) -> Environment:
    """What files and the processor's flags tell of virtual machine, container, emulator and userland."""
    return Environment(
        vm=_vm(root, cpuinfo),
        container=_container(root),
        emulation=_emulation(root, cpuinfo, recording),
        userland=_userland(recording),
    )


def is_emulated(environment: Environment) -> bool:
    """Whether the files describe another machine than the one this program sees."""
    return environment.emulation.value not in {None, NONE}


def architecture_of(machine: str | None) -> Architecture | None:
    """The processor family of `uname -m`."""
    text = (machine or "").lower()
    return next((kind for pattern, kind in _KINDS if re.match(pattern, text)), None)


def _vm(root: Path, cpuinfo: CpuInfo) -> Fact[str]:
    product = dmi.read_product(root)
    signs = [
        ("/sys/hypervisor/type", _name(read_text(root / "sys/hypervisor/type"))),
        ("device tree, hypervisor", _name(devicetree.read_hypervisor(root))),
        ("device tree", _virt((devicetree.read_model(root) or "", *devicetree.read_compatible(root)))),
        (dmi.SOURCE, _known(product)),
        ("/proc/sys/kernel/osrelease", _wsl(read_text(root / "proc/sys/kernel/osrelease"))),
    ]
    found = next(((source, name) for source, name in signs if name), None)
    if found:
        return Fact(value=found[1], source=found[0], raw=product if found[0] == dmi.SOURCE else found[1])
    if "hypervisor" in (cpuinfo.flags or ()):
        return Fact(value="virtual machine", source="/proc/cpuinfo, flag hypervisor", raw="hypervisor")
    if cpuinfo.architecture == "x86":  # its hypervisors show themselves in the flags
        return Fact(value=NONE, source="/proc/cpuinfo, flags")
    return Fact(value=NONE, source="device tree") if devicetree.read_model(root) else UNKNOWN


def _known(text: str | None) -> str | None:
    if ".metal" in (text or ""):  # Amazon's bare machines
        return None
    return next((name for mark, name in _HYPERVISORS.items() if mark in (text or "").lower()), None)


def _name(text: str | None) -> str | None:
    return _known(text) or text or None


def _virt(names: tuple[str, ...]) -> str | None:
    """The machines that QEMU and Xen make up for Arm and RISC-V guests. A board may be called after Google."""
    return next(
        (_known(name) or "QEMU" for name in names if re.match(r"linux,(dummy-virt|qemu)|xen,|qemu|riscv-virtio", name)),
        None,
    )


def _wsl(release: str | None) -> str | None:
    return "WSL2" if "microsoft" in (release or "").lower() else None


def _container(root: Path) -> Fact[str]:
    manager = read_text(root / "run/systemd/container")
    if manager:
        return Fact(value=manager, source="/run/systemd/container", raw=manager)
    for name, kind in _CONTAINER_FILES.items():
        if exists(root / name):
            return Fact(value=kind, source=f"/{name}")
    if exists(root / "system/build.prop"):
        return Fact(value="Android", source="/system/build.prop")
    for path in ("proc/self/cgroup", "proc/1/cgroup"):
        groups = set(re.split(r"[/\n]", (read_text(root / path) or "")[:MAX_GROUPS_TEXT]))
        kinds = (kind for kind, name in _CONTAINER_GROUPS.items() if any(re.fullmatch(name, group) for group in groups))
        found = next(kinds, None)
        if found:
            return Fact(value=found, source=f"/{path}")
    return Fact(value=NONE, source="/proc/self/cgroup") if read_text(root / "proc/self/cgroup") else UNKNOWN


def _emulation(root: Path, cpuinfo: CpuInfo, recording: Recording) -> Fact[str]:
    """An Arm program that finds an x86 processor in /proc/cpuinfo, or an x86 kernel, is run by qemu-user."""
    own = architecture_of(recording.machine)
    kernel = read_text(root / "proc/sys/kernel/arch")
    hosts = [
        ("/proc/sys/kernel/arch", kernel, architecture_of(kernel)),
        ("/proc/cpuinfo", cpuinfo.architecture, cpuinfo.architecture),
    ]
    for source, raw, host in hosts:
        if own and host and own != host:
            return Fact(
                value=f"{recording.machine} program on an {host} host (qemu-user)",
                source=source,
                raw=raw,
            )
    return Fact(value=NONE, source="uname, /proc/cpuinfo") if own and cpuinfo.architecture else UNKNOWN


def _userland(recording: Recording) -> Fact[str]:
    if recording.pointer_bits is None:
        return UNKNOWN
    text = f"{recording.pointer_bits}-bit"
    if recording.pointer_bits == 32 and (recording.machine or "").lower() in _64_BIT:  # noqa: PLR2004 - bits
        text = "32-bit on a 64-bit kernel"
    return Fact(value=text, source="this Python", raw=f"{recording.pointer_bits}-bit pointers, {recording.machine}")
