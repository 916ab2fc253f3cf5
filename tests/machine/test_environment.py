from pathlib import Path

import pytest

from profiler.machine.environment import architecture_of, capture_environment, is_emulated
from profiler.machine.recording import Recording
from profiler.machine.records import Environment, Fact
from profiler.machine.sources.cpuinfo import CpuInfo, parse_cpuinfo
from tests.machine.trees import NO_CPUINFO, write

DMI = "sys/class/dmi/id"
TREE = "proc/device-tree"
RELEASE = "proc/sys/kernel/osrelease"
X86 = parse_cpuinfo("processor : 0\nvendor_id : GenuineIntel\nflags : fpu sse2\n")
GUEST = parse_cpuinfo("processor : 0\nvendor_id : GenuineIntel\nflags : fpu hypervisor\n")
ARM = parse_cpuinfo("processor : 0\nCPU implementer : 0x41\nCPU part : 0xd08\nFeatures : fp\n")
RISC_V = parse_cpuinfo("processor : 0\nisa : rv64\n")


def captured(root: Path, cpuinfo: CpuInfo = NO_CPUINFO, recording: Recording | None = None) -> Environment:
    return capture_environment(root, cpuinfo, recording or Recording())


@pytest.mark.parametrize(
    ("files", "name", "source"),
    [
        ({"sys/hypervisor/type": "xen\n"}, "Xen", "/sys/hypervisor/type"),
        ({"sys/hypervisor/type": "acme\n"}, "acme", "/sys/hypervisor/type"),
        ({f"{TREE}/hypervisor/compatible": "linux,kvm\0"}, "KVM", "device tree, hypervisor"),
        ({f"{TREE}/compatible": "linux,dummy-virt\0", f"{TREE}/model": "x\0"}, "QEMU", "device tree"),
        ({f"{TREE}/model": "linux,qemu\0"}, "QEMU", "device tree"),
        ({f"{DMI}/sys_vendor": "QEMU\n", f"{DMI}/product_name": "Standard PC\n"}, "QEMU", f"/{DMI}"),
        ({f"{DMI}/sys_vendor": "VMware, Inc."}, "VMware", f"/{DMI}"),
        ({f"{DMI}/sys_vendor": "innotek GmbH", f"{DMI}/product_name": "VirtualBox"}, "VirtualBox", f"/{DMI}"),
        ({f"{DMI}/sys_vendor": "Amazon EC2"}, "Amazon EC2", f"/{DMI}"),
        (
            {f"{DMI}/sys_vendor": "Google", f"{DMI}/product_name": "Google Compute Engine"},
            "Google Compute Engine",
            f"/{DMI}",
        ),
        (
            {f"{DMI}/sys_vendor": "Microsoft Corporation", f"{DMI}/product_name": "Virtual Machine"},
            "Hyper-V",
            f"/{DMI}",
        ),
        ({f"{DMI}/sys_vendor": "Parallels Software"}, "Parallels", f"/{DMI}"),
        ({RELEASE: "5.15.153.1-microsoft-standard-WSL2\n"}, "WSL2", "/proc/sys/kernel/osrelease"),
    ],
)
def test_every_sign_of_a_virtual_machine_is_seen(
    tmp_path: Path, files: dict[str, str | bytes], name: str, source: str
) -> None:
    found = captured(write(tmp_path, files), GUEST).vm
    assert (found.value, found.source) == (name, source)


def test_a_flag_alone_tells_of_a_virtual_machine_without_a_name(tmp_path: Path) -> None:
    found = captured(tmp_path, GUEST).vm
    assert (found.value, found.source) == ("virtual machine", "/proc/cpuinfo, flag hypervisor")


@pytest.mark.parametrize(
    "files",
    [
        {f"{DMI}/sys_vendor": "LENOVO", f"{DMI}/product_name": "20LDCTO1WW"},
        {f"{DMI}/sys_vendor": "Microsoft Corporation", f"{DMI}/product_name": "Surface Pro 7"},
        {f"{DMI}/sys_vendor": "Default string", RELEASE: "6.1.0-28-amd64"},
        {},
    ],
)
def test_a_pc_is_no_virtual_machine(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    assert captured(write(tmp_path, files), X86).vm.value == "none"


def test_a_chromebook_is_no_virtual_machine(tmp_path: Path) -> None:
    write(tmp_path, {f"{DMI}/sys_vendor": "Google", f"{DMI}/product_name": "Eve"})
    assert captured(tmp_path, X86).vm.value == "none"


@pytest.mark.parametrize("model", ["Google i.MX8MQ Phanbell", "Amazon EC2 board"])
def test_a_board_called_after_a_cloud_is_no_virtual_machine(tmp_path: Path, model: str) -> None:
    assert captured(write(tmp_path, {f"{TREE}/model": f"{model}\0"}), ARM).vm.value == "none"


def test_a_bare_machine_of_a_cloud_is_no_virtual_machine(tmp_path: Path) -> None:
    write(tmp_path, {f"{DMI}/sys_vendor": "Amazon EC2", f"{DMI}/product_name": "c5.metal"})
    assert captured(tmp_path, X86).vm.value == "none"


def test_a_board_with_a_device_tree_is_no_virtual_machine(tmp_path: Path) -> None:
    found = captured(write(tmp_path, {f"{TREE}/model": "Raspberry Pi 4 Model B Rev 1.4\0"}), ARM).vm
    assert (found.value, found.source) == ("none", "device tree")


def test_an_arm_machine_that_tells_nothing_stays_unknown(tmp_path: Path) -> None:
    assert captured(tmp_path, ARM).vm.value is None


@pytest.mark.parametrize(
    ("files", "name", "source"),
    [
        ({"run/systemd/container": "lxc\n"}, "lxc", "/run/systemd/container"),
        ({".dockerenv": ""}, "docker", "/.dockerenv"),
        ({"run/.containerenv": ""}, "podman", "/run/.containerenv"),
        ({"system/build.prop": "ro.x=1"}, "Android", "/system/build.prop"),
        ({"proc/self/cgroup": "0::/kubepods/besteffort/pod1\n"}, "kubernetes", "/proc/self/cgroup"),
        ({"proc/self/cgroup": "0::/\n", "proc/1/cgroup": "1:name=systemd:/lxc/x"}, "lxc", "/proc/1/cgroup"),
        ({"proc/self/cgroup": "0::/user.slice/libpod-1.scope"}, "podman", "/proc/self/cgroup"),
        ({"proc/self/cgroup": "0::/user.slice/session-3.scope\n"}, "none", "/proc/self/cgroup"),
        ({}, None, "unknown"),
    ],
)
def test_every_sign_of_a_container_is_seen(
    tmp_path: Path, files: dict[str, str | bytes], name: str | None, source: str
) -> None:
    found = captured(write(tmp_path, files)).container
    assert (found.value, found.source) == (name, source)


@pytest.mark.parametrize("machine", ["aarch64", "armv7l", "riscv64"])
def test_a_program_for_another_processor_is_emulated(tmp_path: Path, machine: str) -> None:
    found = captured(tmp_path, X86, Recording(machine=machine))
    assert found.emulation.value == f"{machine} program on an x86 host (qemu-user)"
    assert is_emulated(found)


def test_the_kernels_own_word_tells_of_emulation_too(tmp_path: Path) -> None:
    """Newer qemu-user makes up a fitting /proc/cpuinfo."""
    found = captured(write(tmp_path, {"proc/sys/kernel/arch": "x86_64\n"}), ARM, Recording(machine="aarch64"))
    assert is_emulated(found)
    assert found.emulation.source == "/proc/sys/kernel/arch"


@pytest.mark.parametrize(
    ("cpuinfo", "machine", "arch"),
    [
        (X86, "x86_64", "x86_64"), (X86, "i686", "x86_64"), (ARM, "aarch64", "aarch64"), (ARM, "armv7l", "aarch64"),
        (ARM, "armv6l", ""), (RISC_V, "riscv64", "riscv64"), (X86, "AMD64", ""), (ARM, "arm64", "armv8l"),
    ],
)  # fmt: skip
def test_a_program_for_this_processor_is_not_emulated(
    tmp_path: Path, cpuinfo: CpuInfo, machine: str, arch: str
) -> None:
    found = captured(write(tmp_path, {"proc/sys/kernel/arch": arch}), cpuinfo, Recording(machine=machine))
    assert found.emulation.value == "none"
    assert not is_emulated(found)


@pytest.mark.parametrize(("cpuinfo", "machine"), [(NO_CPUINFO, "aarch64"), (X86, None), (X86, "s390x"), (X86, "")])
def test_where_one_side_is_unknown_emulation_is_too(tmp_path: Path, cpuinfo: CpuInfo, machine: str | None) -> None:
    found = captured(tmp_path, cpuinfo, Recording(machine=machine))
    assert found.emulation.value is None
    assert not is_emulated(found)


@pytest.mark.parametrize(
    ("bits", "machine", "text"),
    [
        (32, "aarch64", "32-bit on a 64-bit kernel"), (32, "x86_64", "32-bit on a 64-bit kernel"),
        (32, "armv7l", "32-bit"), (32, "armv8l", "32-bit on a 64-bit kernel"), (64, "aarch64", "64-bit"),
        (None, "aarch64", None), (32, None, "32-bit"),
    ],
)  # fmt: skip
def test_a_32_bit_userland_is_told_from_a_32_bit_kernel(
    tmp_path: Path, bits: int | None, machine: str | None, text: str | None
) -> None:
    assert captured(tmp_path, recording=Recording(pointer_bits=bits, machine=machine)).userland.value == text


@pytest.mark.parametrize(
    ("machine", "kind"),
    [
        ("aarch64", "arm"),
        ("ARM64", "arm"),
        ("amd64", "x86"),
        ("i486", "x86"),
        ("riscv32", "riscv"),
        ("ppc", None),
        (None, None),
    ],
)
def test_machines_belong_to_their_family(machine: str | None, kind: str | None) -> None:
    assert architecture_of(machine) == kind


def test_no_word_on_emulation_is_no_emulation() -> None:
    assert not is_emulated(Environment())
    assert not is_emulated(Environment(emulation=Fact(value="none", source="x")))
