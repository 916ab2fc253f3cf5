from pathlib import Path

from profiler.machine.cores import MIDR_SOURCE, capture_core_types, core_of
from profiler.machine.records import Conflict, CoreType
from profiler.machine.sources.cpuinfo import SOURCE, parse_cpuinfo
from tests.machine.trees import write

A53, A72, NOBODYS = 0x410FD034, 0x410FD083, 0x410FDFE0


def arm(*parts: str, implementer: str = "0x41") -> str:
    return "\n".join(
        f"processor : {cpu}\nCPU implementer : {implementer}\nCPU part : {part}\n" for cpu, part in enumerate(parts)
    )


def registers(root: Path, *values: int | None) -> Path:
    name = "sys/devices/system/cpu/cpu{}/regs/identification/midr_el1"
    return write(root, {name.format(cpu): f"{value:#018x}\n" for cpu, value in enumerate(values) if value is not None})


def captured(root: Path, text: str) -> tuple[tuple[CoreType, ...], tuple[Conflict, ...]]:
    return capture_core_types(root, parse_cpuinfo(text))


def test_register_and_file_that_agree_are_one_kind_of_core(tmp_path: Path) -> None:
    kinds, conflicts = captured(registers(tmp_path, A72, A72), arm("0xd08", "0xd08"))
    assert kinds == (CoreType(name="Cortex-A72", implementer=0x41, part=0xD08, cpus=(0, 1), source=MIDR_SOURCE),)
    assert conflicts == ()


def test_where_register_and_file_differ_the_register_is_believed_and_the_conflict_said_once(tmp_path: Path) -> None:
    kinds, (conflict,) = captured(registers(tmp_path, A72, A72), arm("0xd03", "0xd03"))
    assert [kind.name for kind in kinds] == ["Cortex-A72"]
    assert (conflict.fact, conflict.used.value, conflict.used.source) == ("core type", "Cortex-A72", MIDR_SOURCE)
    assert conflict.used.raw == "0x00000000410fd083"
    assert [(other.value, other.source, other.raw) for other in conflict.others] == [
        ("Cortex-A53", SOURCE, "implementer 0x41 part 0xd03")
    ]


def test_without_registers_the_file_is_believed(tmp_path: Path) -> None:
    kinds, conflicts = captured(tmp_path, arm("0xd08"))
    assert [(kind.name, kind.source) for kind in kinds] == [("Cortex-A72", SOURCE)]
    assert conflicts == ()


def test_without_a_file_the_registers_are_believed(tmp_path: Path) -> None:
    kinds, conflicts = captured(registers(tmp_path, A53, A72), "")
    assert [(kind.name, kind.cpus) for kind in kinds] == [("Cortex-A53", (0,)), ("Cortex-A72", (1,))]
    assert conflicts == ()


def test_two_kinds_of_core_come_in_the_order_of_their_first_cpu(tmp_path: Path) -> None:
    kinds, _ = captured(registers(tmp_path, A72, A53, A72), "")
    assert [(kind.name, kind.cpus) for kind in kinds] == [("Cortex-A72", (0, 2)), ("Cortex-A53", (1,))]
    assert core_of(kinds) == {0: "Cortex-A72", 1: "Cortex-A53", 2: "Cortex-A72"}


def test_an_unknown_part_has_its_numbers_and_no_name(tmp_path: Path) -> None:
    kinds, _ = captured(tmp_path, arm("0xdfe"))
    assert [(kind.name, kind.implementer, kind.part) for kind in kinds] == [(None, 0x41, 0xDFE)]


def test_an_unknown_part_on_which_both_agree_is_no_conflict(tmp_path: Path) -> None:
    assert captured(registers(tmp_path, NOBODYS), arm("0xdfe"))[1] == ()


def test_a_part_number_means_nothing_without_its_maker(tmp_path: Path) -> None:
    assert [kind.name for kind in captured(tmp_path, arm("0xd08", implementer="0x99"))[0]] == [None]


def test_risc_v_cores_get_their_name_from_the_table_or_keep_their_own(tmp_path: Path) -> None:
    text = "processor : 0\nuarch : sifive,u74-mc\n\nprocessor : 1\nuarch : maker,new\n\nprocessor : 2\nisa : rv64\n"
    assert [(kind.name, kind.cpus) for kind in captured(tmp_path, text)[0]] == [
        ("SiFive U74", (0,)), ("maker,new", (1,)), (None, (2,)),
    ]  # fmt: skip


def test_a_hybrid_x86_chip_has_two_kinds_of_core_under_one_name(tmp_path: Path) -> None:
    write(tmp_path, {"sys/devices/cpu_core/cpus": "0-1", "sys/devices/cpu_atom/cpus": "2"})
    text = "".join(f"processor : {cpu}\nvendor_id : GenuineIntel\nmodel name : i5\n\n" for cpu in range(3))
    assert [(kind.name, kind.cpus) for kind in captured(tmp_path, text)[0]] == [
        ("i5 (performance core)", (0, 1)), ("i5 (efficiency core)", (2,)),
    ]  # fmt: skip


def test_no_source_no_core_types(tmp_path: Path) -> None:
    assert captured(tmp_path, "") == ((), ())
