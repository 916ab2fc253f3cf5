"""What the emulated Arm lanes are made of, as far as no emulator is needed; `scripts/test_aarch64` is their test."""

import base64
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.aarch64.boards import BOARDS
from scripts.aarch64.console import Command, parse_console
from scripts.aarch64.initramfs import Initramfs
from scripts.aarch64.layers import Layers
from scripts.aarch64.programs import UnavailableError, call, require


def handed_over(path: str, data: bytes) -> list[str]:
    text = base64.b64encode(gzip.compress(data)).decode()
    return [
        f"== file {path}\r\n",
        *(f"{text[at : at + 76]}\r\n" for at in range(0, len(text), 76)),
        f"== end of {path}\n",
    ]


@given(st.binary(max_size=500), st.integers(0, 255))
def test_what_a_board_says_on_its_console_comes_back_whole(data: bytes, status: int) -> None:
    lines = ["[ 0.1] kernel: hello\n", "== begin run\r\n", "one\r\n", "two\r\n", f"== end run {status} 1.5\r\n"]
    told = parse_console([*lines, *handed_over("/session.jsonl", data), "== done\n", "never read\n"])
    assert told.commands == {"run": Command("one\ntwo", status, 1.5)}
    assert told.files == {"/session.jsonl": data}
    assert told.is_whole


def test_a_board_that_falls_silent_is_noticed() -> None:
    told = parse_console(["== begin run\n", "Kernel panic - not syncing\n"])
    assert not told.is_whole
    assert told.commands == {}


def entries(archive: bytes) -> dict[str, tuple[int, bytes]]:
    """Mode and data by name, read as the kernel reads the format."""
    found: dict[str, tuple[int, bytes]] = {}
    at = 0
    while True:
        assert archive[at : at + 6] == b"070701"
        fields = [int(archive[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        mode, size, length = fields[1], fields[6], fields[11]
        name = archive[at + 110 : at + 110 + length - 1].decode()
        start = at + 110 + length + -(110 + length) % 4
        if name == "TRAILER!!!":
            return found
        found[name] = (mode, archive[start : start + size])
        at = start + size + -size % 4


def test_an_archive_for_the_kernel_has_every_file_link_and_folder_in_order(tmp_path: Path) -> None:
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/tests").mkdir()
    (tmp_path / "usr/tests/left-out").write_text("")
    (tmp_path / "usr/bin/python3.11").write_bytes(b"12345")
    (tmp_path / "usr/bin/python3.11").chmod(0o755)
    (tmp_path / "usr/bin/python3").symlink_to("python3.11")
    with io.BytesIO() as file:
        archive = Initramfs(file)
        archive.add_tree(tmp_path, "", left_out=["tests"])
        archive.add_tree(tmp_path / "usr", "opt/base")
        archive.add_folder("proc")
        archive.add_file(tmp_path / "usr/bin/python3.11", "lib/modules/init", mode=0o755)
        archive.close()
        found = entries(file.getvalue())
    assert found["usr/bin/python3.11"] == (0o100755, b"12345")
    assert found["usr/bin/python3"] == (0o120777, b"python3.11")
    assert found["lib/modules/init"] == (0o100755, b"12345")
    assert not any("left-out" in name for name in found if not name.startswith("opt/base"))
    assert "opt/base/tests/left-out" in found
    names = list(found)
    for name in names:
        parents = [str(parent) for parent in Path(name).parents if str(parent) != "."]
        assert all(names.index(parent) < names.index(name) for parent in parents), name


def test_a_board_shows_its_own_processor_and_never_replaces_the_processes() -> None:
    for board in BOARDS:
        shown = {seen: path for path, seen in board.files()}
        assert {"/proc/cpuinfo", "/proc/device-tree", "/sys"} <= set(shown)
        assert not any(seen.startswith("/proc/self") for seen in shown)
        flags = shown["/proc/cpuinfo"].read_text()
        assert ("atomics" in flags) is board.has_atomics


def test_a_part_of_the_system_is_made_once_and_whole(tmp_path: Path) -> None:
    layers, made = Layers(tmp_path), []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "file").write_text("whole")

    first = layers._layer("base", "recipe", make)
    assert (first / "file").read_text() == "whole"
    assert layers._layer("base", "recipe", make) == first
    assert layers._layer("base", "another", make) != first
    assert len(made) == 2


def test_a_part_that_could_not_be_made_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("")
        raise UnavailableError("no network")

    with pytest.raises(UnavailableError, match="no network"):
        Layers(tmp_path)._layer("base", "recipe", fail)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_program_is_named_with_what_brings_it() -> None:
    with pytest.raises(UnavailableError, match="no-such-program not found: apt-get install no-such-package"):
        require((("sh", "dash"), ("no-such-program", "no-such-package")))


def test_a_program_that_fails_is_told_with_its_last_line() -> None:
    with pytest.raises(UnavailableError, match=r"fetching failed \(sh, exit status 3\): last"):
        call(["sh", "-c", "echo first; echo last >&2; exit 3"], doing="fetching")
