from collections.abc import Collection, Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.machine.sources import boardtable
from profiler.machine.sources.boardtable import BoardRow, ClusterRow, CoreRow, Table

A7, A53, A72, A76 = (0x41, 0xC07), (0x41, 0xD03), (0x41, 0xD08), (0x41, 0xD0B)
MIB = 1 << 20
# 12 ways of 4096 sets and 3 ways of 256 sets are real; other counts of ways are powers of two
ODD_WAYS = {3, 12}


def find(
    model: str | None = None,
    *compatible: str,
    brand: str | None = None,
    revision: int | None = None,
    parts: Collection[tuple[int, int]] = (),
) -> str | None:
    row = boardtable.find_board(model=model, compatible=compatible, brand=brand, revision=revision, parts=parts)
    return row.id if row else None


def midrs(row: BoardRow) -> set[tuple[int, int]]:
    cores = [boardtable.core_by_id(cluster.core) for cluster in row.cluster]
    return {next(iter(sorted(core.midrs))) for core in cores if core and core.midrs}


def caches(row: CoreRow | ClusterRow) -> Iterator[tuple[int, int, int]]:
    core = row if isinstance(row, CoreRow) else boardtable.core_by_id(row.core)
    for level in ("l1d", "l1i", "l2"):
        size = getattr(row, f"{level}_bytes", None) or getattr(row, f"{level}_typical_bytes", None)
        ways = getattr(row, f"{level}_ways")
        line = getattr(row, f"{level}_line_bytes", None) or getattr(core, f"{level}_line_bytes")
        if size and ways and line:
            yield size, ways, line
        assert not ways or (size and line), (row, level)


def is_power_of_two(number: int) -> bool:
    return number > 0 and number & (number - 1) == 0


BOARDS = boardtable.table().board
CORES = boardtable.table().core


def test_every_row_names_its_sources_and_only_real_fields_are_unsure() -> None:
    cluster_fields = set(ClusterRow.__struct_fields__)
    rows: list[CoreRow | BoardRow] = [*CORES, *BOARDS]
    for row in rows:
        assert row.sources
        assert all(source.strip() for source in row.sources), row.id
        fields = set(row.__struct_fields__) | (cluster_fields if isinstance(row, BoardRow) else set())
        assert set(row.unsure) <= fields, row.id
    assert boardtable.table().part_sources
    assert boardtable.table().revision_sources


def test_ids_and_numbers_mean_one_row() -> None:
    assert len({core.id for core in CORES}) == len(CORES)
    assert len({board.id for board in BOARDS}) == len(BOARDS)
    for numbers in (
        [midr for core in CORES for midr in core.midrs],
        [name for core in CORES for name in core.uarch],
        [(row.implementer, row.part) for row in boardtable.table().part],
        [code for code, *_ in boardtable.table().old_revision],
    ):
        assert len(set(numbers)) == len(numbers)


def test_caches_are_ways_times_sets_times_line() -> None:
    rows: list[CoreRow | ClusterRow] = [*CORES, *(cluster for board in BOARDS for cluster in board.cluster)]
    for row in rows:
        for size, ways, line in caches(row):
            assert size % (ways * line) == 0, row
            assert is_power_of_two(size // (ways * line)), row
            assert is_power_of_two(line), row
            assert is_power_of_two(ways) or ways in ODD_WAYS, row
    for board in BOARDS:
        if board.l3_bytes and board.l3_ways and board.l3_line_bytes:
            assert is_power_of_two(board.l3_bytes // (board.l3_ways * board.l3_line_bytes)), board.id


def test_a_size_is_one_of_those_that_the_core_is_offered_with() -> None:
    for core in CORES:
        for level, size in (("l1d", core.l1d_bytes), ("l1i", core.l1i_bytes), ("l2", core.l2_typical_bytes)):
            options = getattr(core, f"{level}_options")
            assert not options or size in options, core.id
            assert list(options) == sorted(set(options)), core.id
    for board in BOARDS:
        for cluster in board.cluster:
            known = boardtable.core_by_id(cluster.core)
            assert known is not None, board.id
            for level in ("l1d", "l1i", "l2"):
                options = getattr(known, f"{level}_options")
                size = getattr(cluster, f"{level}_bytes")
                is_shared_unit = known.l2_private and cluster.l2_shared == "cluster"
                assert not options or size is None or is_shared_unit or size in options, board.id


def test_clusters_are_whole() -> None:
    for board in BOARDS:
        assert board.cluster, board.id
        for cluster in board.cluster:
            assert cluster.cores > 0
            assert (cluster.l2_shared == "none") == (cluster.l2_bytes == 0), board.id
            assert cluster.l2_bytes is None or cluster.l2_shared is not None, board.id
            assert cluster.clock_mhz is None or 100 <= cluster.clock_mhz <= 6000, board.id


@pytest.mark.parametrize("row", BOARDS, ids=lambda row: row.id)
def test_a_board_is_found_by_each_of_its_names(row: BoardRow) -> None:
    parts = midrs(row)
    for name in row.match_model:
        assert find(name, parts=parts) == row.id
        assert find(f"Maker {name} v1.0", parts=parts) == row.id
    for name in row.match_compatible:
        assert find(None, "maker,unknown-board", name, parts=parts) == row.id
    for name in row.match_brand:
        assert find(brand=f"{name} @ 1.44GHz", parts=parts) == row.id
    for kind in row.revision_types:
        for soc in row.revision_socs:
            assert find(revision=1 << 23 | soc << 12 | kind << 4, parts=parts) == row.id


def test_two_boards_share_a_name_only_where_their_cores_tell_them_apart() -> None:
    for one in BOARDS:
        for other in BOARDS:
            names = {*one.match_model, *one.match_compatible} & {*other.match_model, *other.match_compatible}
            if one.id < other.id and names:
                assert not midrs(one) & midrs(other), names


@pytest.mark.parametrize(
    ("model", "parts", "board"),
    [
        ("Raspberry Pi Model B Rev 2", (), "rpi-1"),
        ("Raspberry Pi Model B Plus Rev 1.2", (), "rpi-1"),
        ("Raspberry Pi Compute Module Rev 1.0", (), "rpi-1"),
        ("Raspberry Pi Zero Rev 1.3", (), "rpi-zero"),
        ("Raspberry Pi Zero W Rev 1.1", (), "rpi-zero"),
        ("Raspberry Pi Zero 2 Rev 1.0", (), "rpi-zero-2"),
        ("Raspberry Pi Zero 2 W Rev 1.0", (), "rpi-zero-2"),
        ("Raspberry Pi 2 Model B Rev 1.1", (), "rpi-2"),
        ("Raspberry Pi 2 Model B Rev 1.1", (A7,), "rpi-2"),
        ("Raspberry Pi 2 Model B Rev 1.2", (), "rpi-2-v1.2"),
        ("Raspberry Pi 2 Model B Rev 1.2", (A53,), "rpi-2-v1.2"),
        ("Raspberry Pi 2 Model B Rev 1.1", (A53,), "rpi-2-v1.2"),
        ("Raspberry Pi 2 Model B Rev 1.2", (A7,), "rpi-2"),
        ("Raspberry Pi 3 Model B Rev 1.2", (), "rpi-3"),
        ("Raspberry Pi 3 Model B Plus Rev 1.3", (), "rpi-3-plus"),
        ("Raspberry Pi 3 Model B+", (), "rpi-3-plus"),
        ("Raspberry Pi 3 Model A Plus Rev 1.0", (A53,), "rpi-3-plus"),
        ("Raspberry Pi Compute Module 3 Rev 1.0", (), "rpi-3"),
        ("Raspberry Pi Compute Module 3 Plus Rev 1.0", (), "rpi-3-plus"),
        ("Raspberry Pi Compute Module 4 Rev 1.0", (), "rpi-4"),
        ("Raspberry Pi Compute Module 4S Rev 1.0", (), "rpi-4"),
        ("Raspberry Pi 400 Rev 1.0", (A72,), "rpi-4"),
        ("Raspberry Pi 5 Model B Rev 1.1", (A76,), "rpi-5"),
        ("Raspberry Pi 500 Rev 1.0", (), "rpi-5"),
        ("Raspberry Pi 4 Model B Rev 1.4", (A76,), None),
        ("Raspberry Pi 4000", (), None),
        ("Xunlong Orange Pi Zero", (), "allwinner-h3"),
        ("OrangePi Zero2", (), "allwinner-h616"),
        ("Xunlong Orange Pi Zero Plus", (), "allwinner-h5"),
        ("Khadas VIM", (), "amlogic-s905x"),
        ("Khadas VIM4", (), None),
        ("Milk-V Duo 256M", (), "milkv-duos"),
        ("", (), None),
    ],
)
def test_models(model: str, parts: Collection[tuple[int, int]], board: str | None) -> None:
    assert find(model, parts=parts) == board


def test_the_first_compatible_string_that_is_known_wins() -> None:
    assert find(None, "raspberrypi,3-model-b-plus", "brcm,bcm2837") == "rpi-3-plus"
    assert find(None, "raspberrypi,2-model-b-rev2", "brcm,bcm2837", parts=[A53]) == "rpi-2-v1.2"
    assert find(None, "xunlong,orangepi-zero3", "allwinner,sun50i-h618", "allwinner,sun50i-h616") == "allwinner-h618"
    assert find("Some Board", "some,board", "rockchip,rk3588s", parts=[A76]) == "rk3588"
    assert find(None, "sophgo,sg2000") == "milkv-duos"
    assert find(None, "sophgo,sg2000", parts=[A53]) == "sg2000-arm"


def test_a_wrong_name_gives_way_to_the_next_source_that_fits_the_cores() -> None:
    assert find("Raspberry Pi 2 Model B Rev 1.1", "brcm,bcm2711", parts=[A72]) == "rpi-4"
    assert find("Raspberry Pi 5 Model B", revision=0xC03111, parts=[A72]) == "rpi-4"
    assert find(None, "rockchip,rk3399", parts=[A53]) == "rk3399"
    assert find(None, "rockchip,rk3399", parts=[A53, A76]) is None


def test_brands() -> None:
    assert find(brand="Intel(R) N100") == "intel-n100"
    assert find(brand="Intel(R) Celeron(R) CPU  J1900  @ 1.99GHz") is None
    assert find(brand="Intel(R) Celeron(R) CPU J1900 @ 1.99GHz") == "intel-j1900"
    assert find(brand="Intel(R) N1000") is None


@pytest.mark.parametrize(
    ("code", "memory", "soc", "kind", "maker", "board"),
    [
        (0xA02082, 1024, 2, 0x08, "Sony UK", "rpi-3"),
        (0x902120, 512, 2, 0x12, "Sony UK", "rpi-zero-2"),
        (0xC03111, 4096, 3, 0x11, "Sony UK", "rpi-4"),
        (0xD04170, 8192, 4, 0x17, "Sony UK", "rpi-5"),
        (0xE04190, 16384, 4, 0x19, "Sony UK", "rpi-5"),
        (0x900092, 512, 0, 0x09, "Sony UK", "rpi-zero"),
        (0x9000C1, 512, 0, 0x0C, "Sony UK", "rpi-zero"),
        (0xA21041, 1024, 1, 0x04, "Embest", "rpi-2"),
        (0xA22042, 1024, 2, 0x04, "Embest", "rpi-2-v1.2"),
        (0x2A02082, 1024, 2, 0x08, "Sony UK", "rpi-3"),
        (0xF04170, None, 4, 0x17, "Sony UK", "rpi-5"),
        (0x0002, 256, 0, 0x01, "Egoman", "rpi-1"),
        (0x1000010, 512, 0, 0x03, "Sony UK", "rpi-1"),
        (0x0009, 256, 0, 0x00, "Qisda", "rpi-1"),
    ],
)
def test_revision_codes(code: int, memory: int | None, soc: int, kind: int, maker: str, board: str) -> None:
    said = boardtable.decode_revision(code)
    assert said is not None
    assert said.memory_bytes == (memory * MIB if memory else None)
    assert (said.soc, said.type, said.manufacturer) == (soc, kind, maker)
    assert find(revision=code) == board


@pytest.mark.parametrize("code", [0, 1, 0x000A, -1, 1 << 32])
def test_numbers_that_are_no_revision_code(code: int) -> None:
    assert boardtable.decode_revision(code) is None
    assert find(revision=code) is None


def test_cores_by_number_and_name() -> None:
    by_midr = {(0x41, 0xD08): "cortex-a72", (0x41, 0xC0D): "cortex-a17", (0x51, 0x805): "cortex-a55", (1, 2): None}
    for (implementer, part), core_id in by_midr.items():
        core = boardtable.core_by_midr(implementer, part)
        assert (core and core.id) == core_id
    assert boardtable.core_name(0x41, 0xD08) == "Cortex-A72"
    assert boardtable.core_name(0x51, 0x802) == "Kryo-3XX-Gold"
    assert boardtable.core_name(0x61, 0x023) == "Firestorm-M1"
    assert boardtable.core_name(0x41, None) is None
    assert boardtable.core_name(None, 0xD08) is None
    u74 = boardtable.core_by_uarch("sifive,bullet0")
    assert u74 is not None
    assert u74.id == "u74"
    assert boardtable.core_by_uarch("sifive") is None


def test_every_core_of_the_table_has_a_name_by_its_number() -> None:
    for core in CORES:
        for implementer, part in core.midrs:
            assert boardtable.core_name(implementer, part), core.id


def test_a_misspelt_field_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**msgspec.to_builtins(boardtable.table()), "bord": []}, Table)


@given(
    model=st.none() | st.text(),
    compatible=st.lists(st.text()),
    brand=st.none() | st.text(),
    revision=st.none() | st.integers(),
    parts=st.sets(st.tuples(st.integers(), st.integers())),
)
def test_any_input_finds_a_board_or_none(
    model: str | None,
    compatible: list[str],
    brand: str | None,
    revision: int | None,
    parts: set[tuple[int, int]],
) -> None:
    found = boardtable.find_board(model=model, compatible=compatible, brand=brand, revision=revision, parts=parts)
    assert found is None or found in BOARDS


@given(st.integers(), st.integers(), st.text())
def test_any_number_or_word_names_a_core_or_none(implementer: int, part: int, word: str) -> None:
    boardtable.core_by_midr(implementer, part)
    boardtable.core_name(implementer, part)
    boardtable.core_by_uarch(word)
    boardtable.core_by_id(word)


@given(st.integers(min_value=0, max_value=(1 << 32) - 1))
def test_any_new_code_is_decoded(code: int) -> None:
    said = boardtable.decode_revision(code | 1 << 23)
    assert said is not None
    assert 0 <= said.type <= 0xFF
