import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.machine.sources.cpuinfo import parse_cpuinfo

OLD_32_BIT = """Processor\t: ARMv7 Processor rev 5 (v7l)
processor\t: 0
BogoMIPS\t: 38.40

processor\t: 1
BogoMIPS\t: 38.40

Features\t: swp half thumb fastmult vfp edsp neon vfpv3
CPU implementer\t: 0x41
CPU architecture: 7
CPU variant\t: 0x0
CPU part\t: 0xc07
CPU revision\t: 5

Hardware\t: BCM2709
Revision\t: a01041
Serial\t\t: 00000000deadbeef
"""
PI4 = """processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU part\t: 0xd08

processor\t: 1
CPU implementer\t: 0x41
CPU part\t: 0xd03

Revision\t: c03114
Serial\t\t: 10000000deadbeef
Model\t\t: Raspberry Pi 4 Model B Rev 1.4
"""
RISC_V = """processor\t: 0
hart\t\t: 1
isa\t\t: rv64imafdc
mmu\t\t: sv39
uarch\t\t: sifive,u74-mc
mvendorid\t: 0x489

processor\t: 1
hart\t\t: 2
uarch\t\t: thead,c906
"""
X86 = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model name\t: Intel(R) N100
cache size\t: 6144 KB
flags\t\t: fpu sse2 avx2 sse2

processor\t: 3
model name\t: Intel(R) N100
"""


def parts(text: str) -> list[tuple[int, int | None, int | None]]:
    return [(cpu.cpu, cpu.implementer, cpu.part) for cpu in parse_cpuinfo(text).processors]


def test_old_kernels_tell_the_part_once_for_all() -> None:
    assert parts(OLD_32_BIT) == [(0, 0x41, 0xC07), (1, 0x41, 0xC07)]
    found = parse_cpuinfo(OLD_32_BIT)
    assert (found.architecture, found.revision, found.model) == ("arm", 0xA01041, None)
    assert found.flags == ("edsp", "fastmult", "half", "neon", "swp", "thumb", "vfp", "vfpv3")


def test_new_kernels_tell_the_part_of_every_cpu() -> None:
    assert parts(PI4) == [(0, 0x41, 0xD08), (1, 0x41, 0xD03)]
    found = parse_cpuinfo(PI4)
    assert (found.model, found.revision) == ("Raspberry Pi 4 Model B Rev 1.4", 0xC03114)


def test_risc_v_names_the_core_of_every_cpu() -> None:
    found = parse_cpuinfo(RISC_V)
    assert [cpu.name for cpu in found.processors] == ["sifive,u74-mc", "thead,c906"]
    assert (found.architecture, found.flags) == ("riscv", ("rv64imafdc",))


def test_x86_has_a_name_and_flags_each_once() -> None:
    found = parse_cpuinfo(X86)
    assert [(cpu.cpu, cpu.name, cpu.part) for cpu in found.processors] == [
        (0, "Intel(R) N100", None), (3, "Intel(R) N100", None),
    ]  # fmt: skip
    assert (found.architecture, found.flags) == ("x86", ("avx2", "fpu", "sse2"))
    assert "cache size" not in found.fields


def test_cpus_that_are_offline_leave_a_gap() -> None:
    assert [cpu for cpu, _, _ in parts(PI4.replace("processor\t: 1", "processor\t: 3"))] == [0, 3]


@pytest.mark.parametrize(
    "line", ["processor\t: ARMv7 Processor rev 5 (v7l)", "Processor\t: ARMv6-compatible", "processor"]
)
def test_a_line_that_names_the_processor_is_no_cpu(line: str) -> None:
    assert len(parse_cpuinfo(f"{line}\n\nprocessor\t: 0\nCPU part\t: 0xd08\n").processors) == 1
    assert parse_cpuinfo(line).processors == ()


@pytest.mark.parametrize("text", [OLD_32_BIT, PI4])
def test_a_serial_number_is_not_kept(text: str) -> None:
    assert "deadbeef" in text
    assert "deadbeef" not in repr(parse_cpuinfo(text))


def test_an_empty_file_tells_nothing() -> None:
    found = parse_cpuinfo("")
    assert (found.architecture, found.processors, found.fields, found.model, found.revision, found.flags) == (
        None, (), {}, None, None, None,
    )  # fmt: skip


@pytest.mark.parametrize("revision", ["", "xyz", "0" * 40, "c03114 (warranty void)"])
def test_a_revision_that_is_no_code_is_none(revision: str) -> None:
    assert parse_cpuinfo(PI4.replace("c03114", revision)).revision is None


@pytest.mark.parametrize("number", ["-1", "-5"])
def test_a_negative_number_of_a_cpu_is_its_position(number: str) -> None:
    assert [cpu for cpu, _, _ in parts(PI4.replace("processor\t: 1", f"processor\t: {number}"))] == [0, 1]


def test_a_number_that_no_cpu_has_is_its_position() -> None:
    assert [cpu for cpu, _, _ in parts(PI4.replace("processor\t: 1", "processor\t: 99999999999999999999"))] == [0, 1]


KEYS = ["processor", "CPU part", "CPU implementer", "model name", "flags", "isa", "uarch", "Revision", "Model", "\0"]


@given(st.lists(st.tuples(st.sampled_from(KEYS), st.text())), st.sampled_from(["\n", "\r\n", "\x0b", " "]))
def test_any_file_is_parsed(fields: list[tuple[str, str]], end: str) -> None:
    found = parse_cpuinfo(end.join(f"{key}\t: {value}" for key, value in fields))
    assert all(cpu.cpu >= 0 for cpu in found.processors)
