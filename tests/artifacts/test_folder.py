import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.artifacts.bundle import format_manifest, open_bundle, parse_manifest
from profiler.base.errors import BundleError
from tests.conftest import edit_manifest

PART = {"path": "iris/x.weights", "sha256": "0" * 64, "size_bytes": 1}


def verify(bundle: Path) -> None:
    opened = open_bundle(bundle)
    opened.verify(opened.manifest.entries)


def test_a_manifest_reads_back_as_written(exported: Path) -> None:
    manifest = open_bundle(exported).manifest
    assert parse_manifest(format_manifest(manifest), source="x") == manifest


def test_a_changed_file_is_refused(bundle: Path) -> None:
    verify(bundle)
    path = bundle / "iris/arrays-controlled-out_in.npz"
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    with pytest.raises(BundleError, match="not the file its manifest describes"):
        verify(bundle)


def test_a_changed_identity_model_is_refused(bundle: Path) -> None:
    path = bundle / "iris/onnx-identity-rank2.onnx"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(BundleError, match="not the file its manifest describes"):
        verify(bundle)


@pytest.mark.parametrize("version", [1, 2])
def test_a_bundle_of_an_older_schema_is_refused_in_a_line_that_says_to_export_it_again(
    bundle: Path, version: int
) -> None:
    edit_manifest(bundle, lambda manifest: manifest.update(schema_version=version))
    with pytest.raises(BundleError, match=rf"schema version {version}, .*export the bundle again$"):
        open_bundle(bundle)


def test_a_missing_file_is_refused(bundle: Path) -> None:
    (bundle / "iris/arrays-controlled-out_in.npz").unlink()
    with pytest.raises(BundleError, match="missing"):
        verify(bundle)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "iris/../../secret", "", "a\\..\\b", "x\0y"])
def test_a_name_that_leads_out_of_the_bundle_is_refused(bundle: Path, name: str) -> None:
    (bundle.parent / "secret").write_text("x")
    edit_manifest(bundle, lambda manifest: manifest["artifacts"][0].update(path=name))
    with pytest.raises(BundleError, match="outside the bundle"):
        verify(bundle)


def test_a_name_that_is_longer_than_any_is_refused_in_a_line_that_is_not(bundle: Path) -> None:
    edit_manifest(bundle, lambda manifest: manifest["artifacts"][0].update(path="iris/" + "a" * 5000))
    with pytest.raises(BundleError, match=r"names 'iris/a{115}': File name too long$"):
        verify(bundle)


def test_links_are_refused_even_to_the_right_file(bundle: Path) -> None:
    path = bundle / "iris/arrays-controlled-out_in.npz"
    path.rename(bundle.parent / "real.npz")
    path.symlink_to(bundle.parent / "real.npz")
    with pytest.raises(BundleError, match="is a link"):
        verify(bundle)


def test_a_linked_folder_is_refused(bundle: Path) -> None:
    (bundle / "iris").rename(bundle.parent / "elsewhere")
    (bundle / "iris").symlink_to(bundle.parent / "elsewhere")
    with pytest.raises(BundleError, match="is a link"):
        verify(bundle)


def test_a_newer_schema_is_refused_with_the_version(bundle: Path) -> None:
    edit_manifest(bundle, lambda manifest: manifest.update(schema_version=99, invention="unknown"))
    with pytest.raises(BundleError, match="schema version 99"):
        open_bundle(bundle)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda m: m.update(extra=1), "extra"),
        (lambda m: m["artifacts"][0].update(format="pickle"), "pickle"),
        (lambda m: m["artifacts"][0].update(workload="other"), "unknown workload"),
        (lambda m: m["artifacts"].append(m["artifacts"][0]), "a file twice"),
        (lambda m: m["workloads"].append(m["workloads"][0]), "a workload twice"),
        (lambda m: m["workloads"][0]["layers"][0].update(in_features=0), "in_features is 0"),
        (lambda m: m["artifacts"].append({**m["artifacts"][0], "path": "other"}), "two artifacts"),
        pytest.param(
            lambda m: m["identities"][0].update(workload="other"), "unknown workload", id="identity of nothing"
        ),
        pytest.param(lambda m: m["identities"].append(m["identities"][0]), "a file twice", id="identity twice"),
        pytest.param(
            lambda m: m["identities"][0].update(path=m["artifacts"][0]["path"]),
            "a file twice",
            id="identity is artifact",
        ),
        (lambda m: m.pop("references"), "references"),
        (lambda m: m["references"].append({**m["references"][0], "path": "other"}), "two references"),
        (lambda m: m["identities"].append({**m["identities"][0], "path": "other"}), "two identity models"),
        (lambda m: m["artifacts"][0].update(dtype="int9"), "Invalid enum value 'int9'"),
        pytest.param(lambda m: m["artifacts"][0].update(parts=[PART, PART]), "a file twice", id="part twice"),
        pytest.param(
            lambda m: (m["artifacts"][0].update(parts=[PART]), m["identities"][0].update(parts=[PART])),
            "a file twice",
            id="part of two",
        ),
        pytest.param(
            lambda m: m["artifacts"][0].update(parts=[{**PART, "path": m["artifacts"][1]["path"]}]),
            "a file twice",
            id="part is artifact",
        ),
        *(
            pytest.param(
                lambda m, name=name: m["artifacts"][0].update(
                    parts=[{**PART, "path": m["artifacts"][0]["path"].replace("/", name)}]
                ),
                "a file twice",
                id=f"part is its owner, behind {name}",
            )
            for name in ("/", "//", "/./")
        ),
        (lambda m: m["artifacts"][0].update(parts=[{**PART, "path": "elsewhere/x"}]), "in another folder"),
        (lambda m: m["artifacts"][0].update(parts=[{"path": "iris/x"}]), "sha256"),
    ],
)
def test_manifests_that_make_no_sense_are_refused(
    bundle: Path, change: Callable[[dict[str, Any]], object], complaint: str
) -> None:
    edit_manifest(bundle, change)
    with pytest.raises(BundleError, match=complaint):
        open_bundle(bundle)


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"\xff", b"null", b"[" * 100_000, b'{"schema_version": 1}'])
def test_text_that_is_no_manifest_is_refused(text: bytes) -> None:
    with pytest.raises(BundleError):
        parse_manifest(text, source="x")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_manifest_or_refused(text: bytes) -> None:
    with pytest.raises(BundleError):
        parse_manifest(text, source="x")


def test_folders_and_files_that_are_no_bundle_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="there is no bundle"):
        open_bundle(tmp_path / "nothing")
    with pytest.raises(BundleError, match="holds no manifest"):
        open_bundle(tmp_path)
    (tmp_path / "bundle.zip").write_bytes(b"PK")
    with pytest.raises(BundleError, match="not the folder of a bundle"):
        open_bundle(tmp_path / "bundle.zip")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_manifest_that_may_not_be_read_is_refused(bundle: Path) -> None:
    (bundle / "manifest.json").chmod(0)
    with pytest.raises(BundleError, match="cannot read"):
        open_bundle(bundle)
