"""The measure of the house, on small made-up ones; and that it sees this one."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts import house as script
from scripts.house import House, Upward, faults, format_table, read_house, room_rows, summary_rows

ROOT = Path(__file__).parents[2]
FILES = {
    "profiler/__init__.py": "",
    "profiler/__main__.py": "from profiler.commands import main\n",
    "profiler/base/__init__.py": "",
    "profiler/base/files.py": "class Files:\n    def read(self):\n        pass\n",
    "profiler/machine/__init__.py": '"""Machine."""\n\nfrom profiler.base.files import Files\n',
    "profiler/machine/cores.py": "import json\n\nfrom profiler.base import files\n",
    "profiler/commands/__init__.py": (
        "from profiler import machine\n\n\ndef main():\n    async def inner():\n        import profiler.machine.cores\n"
    ),
    "models/__init__.py": "from profiler.base import files\n",
    "models/notes.txt": "from profiler import nothing\n",
}


def make(root: Path, **changed: str) -> House:
    """A tree with these modules changed or added; `profiler__base` stands for profiler/base.py."""
    files = FILES | {f"{name.replace('__', '/')}.py": text for name, text in changed.items()}
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "profiler/models").symlink_to("../models")
    return read_house(root)


def test_each_module_is_seen_once_by_the_name_it_is_imported_by(tmp_path: Path) -> None:
    house = make(tmp_path)
    assert sorted(house.modules) == [
        "profiler", "profiler.__main__", "profiler.base", "profiler.base.files", "profiler.commands",
        "profiler.machine", "profiler.machine.cores", "profiler.models",
    ]  # fmt: skip
    (tmp_path / "profiler/models").unlink()
    assert "models" in read_house(tmp_path).modules
    assert "profiler.models" not in read_house(tmp_path).modules


def test_rooms_arrows_and_floors_are_counted(tmp_path: Path) -> None:
    house = make(tmp_path)
    assert list(house.rooms) == ["profiler", "base", "models", "machine", "commands"]
    assert house.arrows == {
        "base": set(), "machine": {"base"}, "models": {"base"}, "commands": {"machine"},
    }  # fmt: skip
    assert house.floors == {"base": 1, "machine": 2, "models": 2, "commands": 3}
    assert house.is_sound
    assert faults(house) == []
    base = next(row for row in room_rows(house) if row[0] == "`base`")
    assert base == ("`base`", "1", "0", "2", "3", "1", "1", "2")


def test_an_import_of_a_module_and_of_a_thing_in_it_are_one_arrow_to_the_module(tmp_path: Path) -> None:
    house = make(tmp_path, profiler__machine__sizes="from ..base.files import Files\nfrom . import cores\n")
    assert house.imports["profiler.machine.sizes"] == {"profiler.base.files", "profiler.machine.cores"}
    assert house.imports["profiler.machine.cores"] == {"profiler.base.files"}
    assert house.imports["profiler.machine"] == {"profiler.base.files"}


def test_a_circle_between_modules_is_found(tmp_path: Path) -> None:
    house = make(
        tmp_path,
        profiler__machine__one="from profiler.machine.two import b\n",
        profiler__machine__two="from profiler.machine.three import c\n",
        profiler__machine__three="if True:\n    import profiler.machine.one\n",
    )
    circle = ("profiler.machine.one", "profiler.machine.three", "profiler.machine.two")
    assert house.module_circles == [circle]
    assert not house.room_circles
    assert not house.is_sound
    assert faults(house) == [f"circle between modules: {', '.join(circle)}"]


def test_a_circle_that_closes_inside_a_function_is_counted_apart(tmp_path: Path) -> None:
    house = make(
        tmp_path,
        profiler__machine__one="from profiler.machine import two\n",
        profiler__machine__two="class A:\n    def b(self):\n        from profiler.machine import one\n",
    )
    assert house.module_circles == []
    assert house.lazy_circles == [("profiler.machine.one", "profiler.machine.two")]
    assert house.is_sound


def test_an_import_against_the_order_is_named_also_inside_a_function(tmp_path: Path) -> None:
    house = make(
        tmp_path,
        profiler__base__up="from profiler.machine import cores\n\n\ndef a():\n    import profiler.commands\n",
    )
    assert house.upward == [
        Upward("profiler.base.up", "profiler.commands", is_lazy=True),
        Upward("profiler.base.up", "profiler.machine.cores", is_lazy=False),
    ]
    assert house.room_circles == [("base", "commands", "machine")]
    assert {house.floors[room] for room in ("base", "commands", "machine")} == {1}
    assert "against the order: profiler.base.up imports profiler.commands inside a function" in faults(house)
    assert not house.is_sound


def test_a_room_that_the_order_does_not_name_is_asked_about(tmp_path: Path) -> None:
    house = make(tmp_path, profiler__attic="from profiler.commands import main\n")
    assert faults(house) == ["a room without a place in the order: attic"]
    assert not house.is_sound
    assert list(house.rooms)[-1] == "attic"
    assert ("imports against the order", "no order declared") in summary_rows({"here": house})


def test_two_houses_stand_side_by_side(tmp_path: Path) -> None:
    before = make(tmp_path / "before")
    after = make(tmp_path / "after", profiler__machine__long="def a():\n" + "    pass\n" * 40)
    rows = {row[0]: row[1:] for row in summary_rows({"before": before, "after": after})}
    assert rows[""] == ("before", "after")
    assert rows["modules"] == ("8", "9")
    assert rows["longest function"] == ("3 (`profiler.commands.main`)", "41 (`profiler.machine.long.a`)")
    assert rows["longest module"] == ("6 (`profiler.commands`)", "41 (`profiler.machine.long`)")
    assert rows["imports against the order"] == ("0", "0")


def test_the_table_is_markdown() -> None:
    assert format_table([("", "a"), ("long", "b")]) == "|      | a |\n|------|---|\n| long | b |"


@pytest.mark.parametrize("text", ["", "def main():\n    from profiler.machine import cores\n"])
def test_the_status_says_whether_the_house_is_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    make(tmp_path, profiler__base__up=text)
    monkeypatch.setattr(script, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["house.py"])
    assert script.main() == bool(text)
    printed = capsys.readouterr()
    assert "| rooms " in printed.out
    assert ("against the order: profiler.base.up" in printed.err) is bool(text)


def test_another_revision_is_measured_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *command], check=True)
    (tmp_path / "profiler/base/files.py").unlink()
    monkeypatch.setattr(script, "ROOT", tmp_path)
    assert "profiler.base.files" in script.read_revision("HEAD").modules
    assert "profiler.base.files" not in read_house(tmp_path).modules
    monkeypatch.setattr(sys, "argv", ["house.py", "--revision", "nonsense"])
    assert script.main() == 128


def test_this_house_is_seen_whole() -> None:
    house = read_house(ROOT)
    assert set(house.arrows) <= set(script.ORDER)
    assert "profiler.models.layout" in house.modules
    assert not any(name.startswith("models") for name in house.modules)
