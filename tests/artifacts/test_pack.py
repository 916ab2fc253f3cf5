"""Bundles written as one zip file: the same bytes for the same content, whole or not at all."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from profiler.artifacts import build
from profiler.artifacts.bundle import MANIFEST_NAME, find_bundle, is_zipped_bundle, pack
from profiler.artifacts.bundle.pack import new_bundle
from profiler.base.errors import OutputError
from profiler.models.layout import LinearShape
from profiler.models.workload import linear_workload
from tests.zips import small_bundle, zip_of


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return small_bundle(tmp_path / "small")


def fill(output: Path, *, force: bool = False) -> None:
    """Writes a bundle there as an export does."""
    with new_bundle(output, force=force) as folder:
        for name, content in (("a/one", b"1"), (MANIFEST_NAME, b"{}")):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)


def end_there(path: Path, ending: type[BaseException]) -> None:
    path.write_bytes(b"x")
    raise ending


def test_the_bytes_depend_on_the_content_alone(small: Path) -> None:
    first = zip_of(small)
    for path in sorted(small.rglob("*"), reverse=True):
        os.utime(path, (1, 1))
        path.chmod(0o777)
    assert zip_of(small) == first
    (small / MANIFEST_NAME).write_bytes((small / MANIFEST_NAME).read_bytes() + b" ")
    assert zip_of(small) != first


def test_the_manifest_comes_first_and_all_is_stored_as_it_is_by_name(small: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(zip_of(small))) as archive:
        names, infos = archive.namelist(), archive.infolist()
        assert archive.testzip() is None
    assert names[0] == MANIFEST_NAME
    assert names[1:] == sorted(names[1:])
    assert len(names) == 11
    assert {(info.compress_type, info.date_time, info.external_attr) for info in infos} == {
        (zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0), 0o100644 << 16)
    }


def test_a_bundle_in_a_zip_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    fill(tmp_path / "new" / "b.zip")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["b.zip"]
    for ending in (KeyboardInterrupt, ValueError):
        with pytest.raises(ending), new_bundle(tmp_path / "c.zip") as folder:
            end_there(folder / "half", ending)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_force_replaces_a_zipped_bundle_and_no_other_file(tmp_path: Path, small: Path) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(zip_of(small))
    with pytest.raises(OutputError, match="add --force"):
        fill(path)
    assert is_zipped_bundle(path)
    fill(path, force=True)
    before = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [MANIFEST_NAME, "a/one"]
    with pytest.raises(OutputError, match="it is no bundle of this program"):  # `{}` is no manifest
        fill(path, force=True)
    assert path.read_bytes() == before
    (tmp_path / "folder.zip").mkdir()
    with pytest.raises(OutputError, match="is a folder; name a file"):
        fill(tmp_path / "folder.zip", force=True)
    (tmp_path / "empty.zip").touch()
    fill(tmp_path / "empty.zip", force=True)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["b.zip", "empty.zip", "folder.zip", "small"]


def test_what_a_zip_cannot_hold_is_refused_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack, "MAX_ZIP_BYTES", 100_000)
    workloads = [linear_workload(LinearShape(in_features=128, out_features=128), batch_shapes=((1,),))]
    with pytest.raises(OutputError, match=r"takes about 0.0 GiB and a zip of one holds 4 GiB; write a folder"):
        build.export_bundle(workloads, tmp_path / "b.zip", suite="x", formats=["arrays"])
    with pytest.raises(OutputError, match="write a folder"), new_bundle(tmp_path / "c.zip") as folder:
        (folder / MANIFEST_NAME).write_bytes(bytes(100_001))
    assert list(tmp_path.iterdir()) == []


def test_an_exported_zip_holds_what_an_exported_folder_holds(tmp_path: Path) -> None:
    workloads = [linear_workload(LinearShape(in_features=12, out_features=9), batch_shapes=((1,), (3, 2)))]
    for name in ("folder", "one.zip", "two.zip"):
        build.export_bundle(workloads, tmp_path / name, suite="x", formats=["arrays"])
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes() == zip_of(tmp_path / "folder")
    assert find_bundle(tmp_path / "one.zip").manifest_sha256 == find_bundle(tmp_path / "folder").manifest_sha256
    assert len(list(tmp_path.iterdir())) == 3
