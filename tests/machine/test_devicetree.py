from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiler.machine.sources.devicetree import (
    cache_statements,
    read_bootloader_time_s,
    read_compatible,
    read_hypervisor,
    read_model,
)
from profiler.machine.sources.statements import CacheStatement
from tests.machine.trees import cell, write

K = 1 << 10
TREE = "proc/device-tree"
L1 = {"d-cache-size": cell(32 * K), "d-cache-line-size": cell(64), "d-cache-sets": cell(128)}
L2 = {"cache-size": cell(512 * K), "cache-line-size": cell(64), "cache-sets": cell(512), "cache-level": cell(2)}
UNIFIED = {"compatible": b"cache\0", **L2, "phandle": cell(7)}


def node(folder: str, properties: dict[str, bytes]) -> dict[str, str | bytes]:
    return {f"{TREE}/{folder}/{name}": data for name, data in properties.items()}


def cpu(number: int, **more: bytes) -> dict[str, str | bytes]:
    return node(f"cpus/cpu@{number}", {"reg": cell(number), **{name.replace("_", "-"): more[name] for name in more}})


def value(one: CacheStatement, name: str) -> object:
    return one.fields[name].value if name in one.fields else None


def rows(root: Path) -> list[tuple[int, int, str, object]]:
    return [(one.cpu, one.level, one.type, value(one, "size_bytes")) for one in cache_statements(root)]


def second(root: Path) -> list[CacheStatement]:
    return [one for one in cache_statements(root) if one.level > 1]


@pytest.mark.parametrize("folder", ["cpus/l2-cache0", "cpus/cpu@0/cache-controller", "l3-cache", "cpus/x"])
@pytest.mark.parametrize("phandle", ["phandle", "linux,phandle"])
@pytest.mark.parametrize("link", ["next_level_cache", "l2_cache"])
def test_a_second_level_is_found_wherever_its_node_lies(tmp_path: Path, folder: str, phandle: str, link: str) -> None:
    properties = {name: data for name, data in UNIFIED.items() if name != "phandle"} | {phandle: cell(7)}
    cpus = cpu(0, **{link: cell(7)}) | cpu(1, **{link: cell(7)})
    found = second(write(tmp_path, cpus | node(folder, properties)))
    assert [(one.cpu, one.level, one.type) for one in found] == [
        (0, 2, "unified"),
        (1, 2, "unified"),
    ]
    for one in found:
        assert {name: value(one, name) for name in one.fields} == {
            "size_bytes": 512 * K, "line_size_bytes": 64, "number_of_sets": 512, "ways_of_associativity": 16,
            "shared_cpus": (0, 1),
        }  # fmt: skip


def test_a_cache_controller_under_soc_is_found(tmp_path: Path) -> None:
    tree = cpu(0, next_level_cache=cell(7)) | node("soc/cache-controller@2010000", UNIFIED)
    assert rows(write(tmp_path, tree)) == [(0, 2, "unified", 512 * K)]


def test_phandle_wins_over_its_old_name(tmp_path: Path) -> None:
    tree = cpu(0, next_level_cache=cell(7)) | node("cpus/l2-cache", {**UNIFIED, "linux,phandle": cell(9)})
    assert len(second(write(tmp_path, tree))) == 1


def test_a_phandle_without_a_node_ends_the_chain(tmp_path: Path) -> None:
    assert rows(write(tmp_path, cpu(0, next_level_cache=cell(8), **L1) | node("cpus/l2-cache", UNIFIED))) == [
        (0, 1, "data", 32 * K),
        (0, 1, "instruction", None),
    ]


@pytest.mark.parametrize("target", [7, 8])
def test_caches_that_name_themselves_or_each_other_end_the_chain(tmp_path: Path, target: int) -> None:
    tree = (
        cpu(0, next_level_cache=cell(7))
        | node("cpus/l2-cache", {**UNIFIED, "next-level-cache": cell(target)})
        | node("cpus/l3-cache", {**UNIFIED, "phandle": cell(8), "cache-level": cell(3), "next-level-cache": cell(7)})
    )
    assert [one.level for one in cache_statements(write(tmp_path, tree))] == ([2] if target == 7 else [2, 3])


def test_a_chain_without_level_numbers_counts_from_2(tmp_path: Path) -> None:
    bare = {name: data for name, data in UNIFIED.items() if name != "cache-level"}
    tree = (
        cpu(0, next_level_cache=cell(7))
        | node("cpus/l2-cache", {**bare, "next-level-cache": cell(8)})
        | node("cpus/l3-cache", {**bare, "phandle": cell(8)})
    )
    assert [one.level for one in cache_statements(write(tmp_path, tree))] == [2, 3]


@pytest.mark.parametrize("level", [0, 1, 6, 0xFFFFFFFF])
def test_a_level_that_cannot_be_is_counted_instead(tmp_path: Path, level: int) -> None:
    tree = cpu(0, next_level_cache=cell(7)) | node("cpus/l2-cache", {**UNIFIED, "cache-level": cell(level)})
    assert [one.level for one in second(write(tmp_path, tree))] == [2]


def test_a_level_is_kept_as_the_tree_numbers_it(tmp_path: Path) -> None:
    """The third level of an RK3566 is called level 2, its node `l3-cache`."""
    tree = cpu(0, next_level_cache=cell(7)) | node("l3-cache", UNIFIED)
    assert [one.level for one in second(write(tmp_path, tree))] == [2]


def test_block_size_is_line_size_on_risc_v(tmp_path: Path) -> None:
    names = {"d-cache-size": cell(32 * K), "d-cache-block-size": cell(64), "d-cache-sets": cell(64)}
    data = cache_statements(write(tmp_path, cpu(0, **names)))[0]
    assert (value(data, "line_size_bytes"), value(data, "ways_of_associativity")) == (64, 8)
    assert data.fields["line_size_bytes"].raw == "d-cache-block-size = <64>"


def test_line_size_wins_over_block_size(tmp_path: Path) -> None:
    data = cache_statements(write(tmp_path, cpu(0, **L1, d_cache_block_size=cell(16))))[0]
    assert value(data, "line_size_bytes") == 64


@pytest.mark.parametrize("size", [b"", b"\0\0\x80", b"\0\0\0\0\0\0\x80\0", b"\0" * (10 << 20)])
def test_a_property_that_is_no_cell_is_unknown(tmp_path: Path, size: bytes) -> None:
    tree = cpu(0, **L1, i_cache_size=cell(16 * K)) | cpu(1, **{**L1, "d-cache-size": size})
    found = cache_statements(write(tmp_path, tree))
    assert [(one.cpu, value(one, "size_bytes")) for one in found] == [(0, 32 * K), (0, 16 * K)]


def test_zero_is_unknown(tmp_path: Path) -> None:
    found = cache_statements(write(tmp_path, cpu(0, **{**L1, "d-cache-sets": cell(0)})))[0]
    assert set(found.fields) == {"size_bytes", "line_size_bytes", "shared_cpus"}


def test_ways_that_do_not_divide_are_not_told(tmp_path: Path) -> None:
    found = cache_statements(write(tmp_path, cpu(0, **{**L1, "d-cache-sets": cell(100)})))[0]
    assert value(found, "ways_of_associativity") is None
    assert value(found, "number_of_sets") == 100


def test_a_first_level_for_both_is_unified(tmp_path: Path) -> None:
    assert rows(write(tmp_path, cpu(0, cache_size=cell(8 * K)))) == [(0, 1, "unified", 8 * K)]


@pytest.mark.parametrize(("status", "count"), [("okay\0", 2), ("ok\0", 2), ("disabled\0", 1), ("fail\0", 1)])
def test_cpus_that_are_switched_off_are_not_counted(tmp_path: Path, status: str, count: int) -> None:
    """Hart 0 of a JH7110 is there, but Linux does not run on it."""
    tree = cpu(0, **{**L1, "d-cache-size": cell(8 * K)}, status=status.encode()) | cpu(1, **L1)
    sizes = [row[3] for row in rows(write(tmp_path, tree)) if row[2] == "data"]
    assert sizes == [8 * K, 32 * K][-count:]
    assert {row[0] for row in rows(tmp_path)} == set(range(count))


def test_cpus_are_numbered_in_the_order_of_reg_and_not_of_names(tmp_path: Path) -> None:
    tree: dict[str, str | bytes] = {}
    for name, reg, size in (("cpu@0", cell(0x200), 3), ("cpu@1", b"\0\0\0\0" + cell(0x100), 2), ("cpu@a", cell(0), 1)):
        tree |= node(f"cpus/{name}", {"reg": reg, "d-cache-size": cell(size * K)})
    found = [(one.cpu, value(one, "size_bytes")) for one in cache_statements(write(tmp_path, tree))]
    assert [pair for pair in found if pair[1]] == [(0, K), (1, 2 * K), (2, 3 * K)]


def test_no_cpus_no_caches(tmp_path: Path) -> None:
    assert cache_statements(tmp_path) == []
    assert cache_statements(write(tmp_path, node("cpus/l2-cache", UNIFIED))) == []


def test_the_cpu_map_is_no_cpu(tmp_path: Path) -> None:
    tree = cpu(0, **L1) | node("cpus/cpu-map/cluster0/core0", {"cpu": cell(1)})
    assert {row[0] for row in rows(write(tmp_path, tree))} == {0}


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"raspberrypi,4-model-b\0brcm,bcm2711\0", ("raspberrypi,4-model-b", "brcm,bcm2711")),
        (b"without,nul", ("without,nul",)),
        (b"", ()),
        (b"\0\0\0", ()),
        (b"\xff\xfe\0ok\0", ("��", "ok")),
    ],
)
def test_texts_are_split_at_nul(tmp_path: Path, data: bytes, names: tuple[str, ...]) -> None:
    assert read_compatible(write(tmp_path, {f"{TREE}/compatible": data})) == names


def test_a_long_list_of_names_is_cut(tmp_path: Path) -> None:
    assert len(read_compatible(write(tmp_path, {f"{TREE}/compatible": b"x\0" * 1_000_000}))) == 32


def test_the_model_ends_at_its_nul_and_an_empty_one_is_none(tmp_path: Path) -> None:
    assert read_model(tmp_path) is None
    assert read_model(write(tmp_path, {f"{TREE}/model": b"Raspberry Pi 4\0"})) == "Raspberry Pi 4"
    assert read_model(write(tmp_path, {f"{TREE}/model": b"\0"})) is None


def test_hypervisor_and_bootloader_are_read(tmp_path: Path) -> None:
    assert (read_hypervisor(tmp_path), read_bootloader_time_s(tmp_path)) == (None, None)
    write(tmp_path, {f"{TREE}/hypervisor/compatible": b"xen,xen-4.17\0xen,xen\0"})
    write(tmp_path, {f"{TREE}/chosen/bootloader/build-timestamp": cell(1746713597)})
    assert (read_hypervisor(tmp_path), read_bootloader_time_s(tmp_path)) == ("xen,xen-4.17", 1746713597)


PROPERTIES = st.dictionaries(
    st.sampled_from([*L1, *L2, "reg", "status", "next-level-cache", "phandle", "compatible"]),
    st.one_of(st.integers(0, 9).map(cell), st.binary(max_size=9)),
)


@given(st.dictionaries(st.sampled_from(["cpus/cpu@0", "cpus/cpu@1", "cpus/l2-cache", "l3-cache"]), PROPERTIES))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_tree_gives_positive_numbers_and_cpus_that_it_has(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[str, dict[str, bytes]]
) -> None:
    root = tmp_path_factory.mktemp("tree")
    for folder, properties in tree.items():
        write(root, node(folder, properties))
    for one in cache_statements(root):
        assert one.cpu in {0, 1}
        assert 1 <= one.level <= 5
        for reading in one.fields.values():
            assert isinstance(reading.value, tuple) or reading.value > 0


def two_kinds(root: Path) -> Path:
    """A Jetson TX2's numbers: its A57 cores come after two others in the tree, and Linux boots on one of them."""
    small = {"compatible": b"nvidia,denver\0", "d_cache_size": cell(64 * K)}
    big = {"compatible": b"arm,cortex-a57\0", "d_cache_size": cell(32 * K)}
    return write(root, cpu(0, **small) | cpu(1, **big) | cpu(2, **big))


def sizes(statements: list[CacheStatement]) -> dict[int, object]:
    return {one.cpu: value(one, "size_bytes") for one in statements if one.type == "data"}


def test_unlike_nodes_belong_to_the_cpus_of_their_kind_and_not_to_those_of_their_number(tmp_path: Path) -> None:
    cores = {0: "Cortex-A57", 1: "Denver", 2: "Cortex-A57"}
    assert sizes(cache_statements(two_kinds(tmp_path), None, cores)) == {0: 32 * K, 1: 64 * K, 2: 32 * K}


def test_the_kernels_links_say_which_node_is_whose(tmp_path: Path) -> None:
    links = {0: "cpu@1", 1: "cpu@0", 2: "cpu@2", 3: "cpu@9"}
    assert sizes(cache_statements(two_kinds(tmp_path), links)) == {0: 32 * K, 1: 64 * K, 2: 32 * K}


def test_unlike_nodes_whose_cpus_nobody_tells_claim_nothing(tmp_path: Path) -> None:
    assert cache_statements(two_kinds(tmp_path), None, {0: "Cortex-A57", 1: None, 2: None}) == []
