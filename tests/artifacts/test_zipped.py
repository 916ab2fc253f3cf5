"""A bundle as one zip file: opened, unpacked as far as it is needed, and refused in words."""

import functools
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiler.artifacts.bundle import (
    MANIFEST_NAME,
    ZippedBundle,
    find_bundle,
    in_folder,
    is_zip_name,
    is_zipped_bundle,
    open_bundle,
    open_zip,
    zipped,
)
from profiler.base.errors import BundleError, OutputError, ProfilerError
from tests.zips import WORKLOAD, forged, small_bundle, with_manifest, zip_of

ANSWER = f"{WORKLOAD}/reference-batch-1.npz"
ARRAYS = f"{WORKLOAD}/arrays-controlled-out_in.npz"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle's folder. Not to be changed."""
    return small_bundle(tmp_path_factory.mktemp("small"))


zip_once = functools.cache(zip_of)


@pytest.fixture(scope="module")
def data(small: Path) -> bytes:
    return zip_once(small)


@pytest.fixture
def put(tmp_path: Path) -> Callable[[bytes], Path]:
    """Writes a zip to a folder of its own."""

    def write(data: bytes) -> Path:
        path = tmp_path / "bundle.zip"
        path.write_bytes(data)
        return path

    return write


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def unpack(path: Path) -> dict[str, bytes]:
    """All of it, as files by name."""
    bundle = find_bundle(path)
    with in_folder(bundle, bundle.manifest.entries, near=path.parent) as folder:
        folder.verify(bundle.manifest.entries)
        return files_below(folder.folder)


def end_in(folder: Path, ending: type[BaseException]) -> None:
    assert folder.exists()
    raise ending


def test_a_zip_unpacks_to_the_files_of_the_folder_and_nothing_stays(
    small: Path, data: bytes, put: Callable[[bytes], Path]
) -> None:
    path = put(data)
    assert unpack(path) == files_below(small)
    assert list(path.parent.iterdir()) == [path]


def test_the_manifest_has_the_same_hash_in_both(small: Path, data: bytes, put: Callable[[bytes], Path]) -> None:
    opened = find_bundle(put(data))
    assert isinstance(opened, ZippedBundle)
    assert (opened.manifest, opened.manifest_sha256) == (
        open_bundle(small).manifest,
        open_bundle(small).manifest_sha256,
    )


def test_only_the_files_that_are_needed_are_unpacked(data: bytes, put: Callable[[bytes], Path]) -> None:
    path = put(data)
    said: list[str] = []
    bundle = open_zip(path)
    wanted = [entry for entry in bundle.manifest.entries if entry.path == ANSWER]
    with in_folder(bundle, wanted, near=path.parent / "not" / "there", say=said.append) as folder:
        assert set(files_below(folder.folder)) == {ANSWER, MANIFEST_NAME}
        assert folder.folder.is_relative_to(path.parent)
        assert folder.folder.parent.stat().st_mode & 0o077 == 0
    assert said == [f"unpacking 1 of 10 files of {path}, 0.0 MiB"]
    assert list(path.parent.iterdir()) == [path]


def test_what_was_hashed_while_it_was_written_is_not_read_again(
    data: bytes, put: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = open_zip(put(data))
    monkeypatch.setattr(
        "profiler.artifacts.bundle.folder.sha256_of", lambda path: pytest.fail(f"{path} was read again")
    )
    with in_folder(bundle, bundle.manifest.entries) as folder:
        folder.verify(bundle.manifest.entries)
        folder.path_of(bundle.manifest.artifacts[0]).unlink()
        with pytest.raises(BundleError, match="missing"):
            folder.verify(bundle.manifest.entries)


def test_a_folder_stays_where_it_is(small: Path) -> None:
    with in_folder(find_bundle(small), []) as bundle:
        assert bundle.folder == small


def test_whatever_ends_the_block_the_files_go(data: bytes, put: Callable[[bytes], Path]) -> None:
    bundle = open_zip(put(data))
    for ending in (KeyboardInterrupt, SystemExit, ValueError):
        with pytest.raises(ending), in_folder(bundle, bundle.manifest.entries) as folder:
            end_in(folder.folder, ending)
        assert list(bundle.path.parent.iterdir()) == [bundle.path]


def test_a_zip_beside_which_nothing_can_be_written_is_unpacked_among_temporary_files(
    data: bytes, put: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = open_zip(put(data))
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    with in_folder(bundle, []) as folder:
        assert folder.folder.is_relative_to(tempfile.gettempdir())
        assert not list(bundle.path.parent.glob(".*"))


def test_too_little_room_is_told_with_figures_before_anything_is_written(
    data: bytes, put: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = open_zip(put(data))
    usage = shutil.disk_usage(bundle.path.parent)._replace(free=16 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    monkeypatch.setattr(zipped, "_write", lambda *_: pytest.fail("something was written"))
    with (
        pytest.raises(OutputError, match=rf"needs 16.1 MiB and 16.0 MiB are free in {bundle.path.parent}; free some"),
        in_folder(bundle, bundle.manifest.entries),
    ):
        pytest.fail("it was unpacked")
    assert list(bundle.path.parent.iterdir()) == [bundle.path]


def test_a_disk_that_fills_meanwhile_leaves_nothing(
    data: bytes, put: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    bundle = open_zip(put(data))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"), in_folder(bundle, bundle.manifest.entries):
        pytest.fail("it was unpacked")
    assert list(bundle.path.parent.iterdir()) == [bundle.path]


def test_a_file_that_is_missing_is_told_before_any_is_unpacked(
    data: bytes, put: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = open_zip(put(forged(data, lambda files: files.pop(ANSWER))))
    monkeypatch.setattr(zipped, "_write", lambda *_: pytest.fail("something was written"))
    with pytest.raises(BundleError, match="lacks"), in_folder(bundle, bundle.manifest.entries):
        pytest.fail("it was unpacked")


def resized(manifest: dict[str, Any]) -> None:
    (entry,) = [entry for entry in manifest["references"] if entry["path"] == ANSWER]
    entry["size_bytes"] += 1


def renamed(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda manifest: manifest["references"][0].update(path=name)


@pytest.mark.parametrize(
    ("forge", "complaint"),
    [
        (lambda d: forged(d, lambda files: files.update({"extra.txt": b"x"})), "which its manifest does not name"),
        (lambda d: forged(d, lambda files: files.update({"__MACOSX/._x": b"x"})), "which its manifest does not name"),
        (lambda d: forged(d, lambda files: files.update({"../up": b"x"})), "'../up', which lies outside the bundle"),
        (lambda d: forged(d, lambda files: files.pop(MANIFEST_NAME)), "holds no manifest.json"),
        (lambda d: forged(d, lambda files: files.pop(ANSWER)), f"lacks '{ANSWER}'"),
        (lambda d: forged(d, lambda files: files.update({ANSWER: bytes(len(files[ANSWER]))})), "is not the file its"),
        (lambda d: forged(d, lambda files: files.update({ANSWER: b"x"})), "of 1 bytes, its manifest says 2020"),
        (lambda d: forged(d, lambda files: files.update({MANIFEST_NAME: b"{}"})), "is no valid manifest"),
        (lambda d: with_manifest(d, lambda m: m.update(schema_version=99)), "schema version 99"),
        (lambda d: with_manifest(d, resized), "of 2020 bytes, its manifest says 2021"),
        (lambda d: with_manifest(d, renamed("../../up")), "its manifest does not name"),
        (lambda d: with_manifest(d, renamed(MANIFEST_NAME)), "its manifest does not name"),
        (lambda d: d.replace(b'"suite"', b'"Suite"', 1), "has a damaged manifest.json"),
        (lambda d: d[:-1], "is cut short"),
        (lambda _: b"PK", "is no zip file"),
        (lambda _: b"", "is no zip file"),
    ],
    ids=[
        "stranger", "stranger of a Mac", "path out", "no manifest", "file missing", "file changed", "file cut",
        "no valid manifest", "newer", "size lies", "manifest leads out", "manifest is an answer", "manifest damaged",
        "cut short", "two bytes", "empty",
    ],
)  # fmt: skip
def test_a_forged_zip_is_refused_in_one_line_and_nothing_is_left(
    data: bytes, put: Callable[[bytes], Path], forge: Callable[[bytes], bytes], complaint: str
) -> None:
    path = put(forge(data))
    with pytest.raises(BundleError) as caught:
        unpack(path)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert list(path.parent.iterdir()) == [path]
    assert not (path.parent.parent / "up").exists()


def test_a_manifest_that_is_too_large_is_not_even_read(
    data: bytes, put: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipped, "MAX_MANIFEST_BYTES", 1000)
    with pytest.raises(BundleError, match=r"has a manifest of [0-9]+ bytes; 1000 are allowed"):
        open_zip(put(data))


def test_the_whole_bundle_compressed_by_another_program_says_what_to_do(
    data: bytes, put: Callable[[bytes], Path]
) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with pytest.raises(BundleError, match=r"is compressed, .*unpack it yourself and give the folder"):
        open_zip(put(target.getvalue()))


def test_a_pipe_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "bundle.zip")
    with pytest.raises(BundleError, match="a device or a pipe"):
        find_bundle(tmp_path / "bundle.zip")


def test_a_zip_that_changes_after_it_was_opened_is_refused(data: bytes, put: Callable[[bytes], Path]) -> None:
    bundle = open_zip(put(data))
    for content in (bytes(len(data)), data[: len(data) // 2], b""):
        put(content)
        with (
            pytest.raises(BundleError, match="is not the file its manifest describes"),
            in_folder(bundle, bundle.manifest.entries),
        ):
            pytest.fail("it was unpacked")
    bundle.path.unlink()
    with pytest.raises(BundleError, match="cannot read"), in_folder(bundle, bundle.manifest.entries):
        pytest.fail("it was unpacked")


def test_a_bundle_is_told_from_other_files_and_zips(data: bytes, put: Callable[[bytes], Path], tmp_path: Path) -> None:
    assert is_zipped_bundle(put(data))
    assert not is_zipped_bundle(put(forged(data, lambda files: files.update({"photo.jpg": b"x"}))))
    assert not is_zipped_bundle(put(b"text"))
    assert not is_zipped_bundle(tmp_path)
    assert [is_zip_name(Path(name)) for name in ("b.zip", "B.ZIP", "bundle", "b.zip.d")] == [True, True, False, False]


Damage = st.one_of(
    st.tuples(st.just("flip"), st.floats(0, 1), st.integers(1, 255)),
    st.tuples(st.just("cut"), st.floats(0, 1), st.just(0)),
    st.tuples(st.just("insert"), st.floats(0, 1), st.integers(0, 255)),
    st.tuples(st.just("drop"), st.floats(0, 1), st.integers(1, 3000)),
    st.tuples(st.just("swap"), st.floats(0, 1), st.integers(1, 3000)),
)


def damaged(data: bytes, damage: tuple[str, float, int], *, structure: range) -> bytes:
    """The bytes with something done to them; flips hit what tells of the files as often as the files themselves."""
    kind, share, value = damage
    at = structure[int(share * 2 * (len(structure) - 1))] if share < 0.5 else int((share * 2 - 1) * (len(data) - 1))
    if kind == "flip":
        return data[:at] + bytes([data[at] ^ value]) + data[at + 1 :]
    if kind == "cut":
        return data[:at]
    if kind == "insert":
        return data[:at] + bytes([value]) + data[at:]
    if kind == "drop":
        return data[:at] + data[at + value :]
    return data[:at] + data[at + value : at + 2 * value] + data[at : at + value] + data[at + 2 * value :]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(Damage, min_size=1, max_size=3))
def test_a_damaged_zip_is_refused_or_harmless_and_leaves_nothing(
    small: Path, tmp_path: Path, damages: list[tuple[str, float, int]]
) -> None:
    broken = zip_once(small)  # as a fixture it would be printed whole with a failure
    for damage in damages:
        broken = damaged(broken or b"\0", damage, structure=range(max(0, len(broken) - 1200), max(1, len(broken))))
    place = tmp_path / "place"
    place.mkdir(exist_ok=True)
    path = place / "bundle.zip"
    path.write_bytes(broken)
    outside = sorted(tmp_path.rglob("*"))
    try:
        found = unpack(path)
    except ProfilerError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either is allowed
    else:
        right = files_below(small)
        assert all(right[name] == content for name, content in found.items())
    assert sorted(tmp_path.rglob("*")) == outside
