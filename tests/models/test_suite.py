import contextlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.models.layout import ShapeError
from profiler.models.suite import SuiteError, builtin_suites, load_suite, parse_suite, square_side
from profiler.models.workload import Workload, format_batch, network_layers, parse_batch


def test_the_built_in_suites_are_the_promised_ones() -> None:
    names = {suite.name for suite in builtin_suites()}
    assert names == {"quick", "cache-sweep", "mlperf-tiny-autoencoder", "transformer-ffn", "seed-linear"}
    assert all(suite.description and suite.workloads() for suite in builtin_suites())


def test_quick_holds_iris_the_squares_and_the_two_real_layers() -> None:
    workloads = load_suite("quick").workloads()
    dimensions = {workload.dimensions for workload in workloads}
    assert dimensions == {"4-7-3", "64x64", "128x128", "256x256", "512x512", "1024x1024", "640x128", "1280x1000"}
    assert {workload.batch_shapes for workload in workloads} == {((1,), (8,))}


def test_the_autoencoder_is_one_network_of_ten_layers() -> None:
    (network,) = load_suite("mlperf-tiny-autoencoder").workloads()
    assert network.dimensions == "640-128-128-128-128-8-128-128-128-128-640"


def test_the_cache_sweep_follows_the_caches_it_is_given() -> None:
    suite = load_suite("cache-sweep")
    sides = [workload.in_features for workload in suite.workloads((32768, 524288))]
    assert square_side(32768) in sides
    assert square_side(524288) in sides
    assert sides == sorted(set(sides))
    assert suite.workloads() != suite.workloads((32768, 524288))
    assert max(workload.weight_count for workload in suite.workloads((300 << 20,))) * 4 <= 130 << 20


def test_importing_suites_imports_no_torch() -> None:
    code = "import sys, models, profiler.models.suite, profiler.models.reference; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"", "name"),
        (b"\xff\xfe", "no valid suite"),
        (b'name = "x"', "names no"),
        (b'name = "x"\nspeed = 3', "speed"),
        (b'name = "x"\n[[linear]]\nin_features = 0\nout_features = 3', "in_features is 0"),
        (b'name = "x"\n[[linear]]\nin_features = -5\nout_features = 3', "in_features is -5"),
        (b'name = "x"\n[[linear]]\nin_features = "4"\nout_features = 3', "int"),
        (b'name = "x"\n[[network]]\nname = "n"\nwidths = [4]', "two widths"),
        (b'name = "x"\n[[network]]\nname = "  "\nwidths = [4, 3]', "no workload name"),
        (b'name = "x"\nbatches = [0]\n[[linear]]\nin_features = 4\nout_features = 3', "below 1"),
        (b'name = "x"\nbatches = [[1,1,1,1,1,1,1]]\n[[linear]]\nin_features = 4\nout_features = 3', "dimensions"),
        (b'name = "x"\n' + b"[[linear]]\nin_features = 4\nout_features = 3\n" * 2, "twice"),
        (b"#" * 1_000_001, "longer"),
        (b'name = "../x"\n[[linear]]\nin_features = 4\nout_features = 3', "no suite name"),
        (b'name = "a\\u0000b"\n[[linear]]\nin_features = 4\nout_features = 3', "no suite name"),
        (b'name = "x"\n[[linear]]\nbatches = []\nin_features = 4\nout_features = 3', "names no batch"),
        *(
            (
                b'name = "x"\n[cache_sweep]\nfallback_cache_bytes = [9]\nmax_weight_bytes = 99\nfractions = [%s]' % bad,
                "cache_sweep",
            )
            for bad in (b"nan", b"-1.0", b"0.0", b"inf", b"1e300")
        ),
    ],
)
def test_suites_that_make_no_sense_are_refused_with_the_reason(text: bytes, complaint: str) -> None:
    with pytest.raises((SuiteError, ShapeError), match=complaint):
        parse_suite(text, source="mine.toml").workloads()


def test_an_unknown_suite_prints_the_known_ones() -> None:
    with pytest.raises(SuiteError, match="quick"):
        load_suite("quik")


def test_a_suite_file_that_is_missing_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="No such file"):
        load_suite(str(tmp_path / "mine.toml"))
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(SuiteError, match="directory"):
        load_suite(str(tmp_path / "folder.toml"))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_suite_or_refused(text: bytes) -> None:
    with contextlib.suppress(SuiteError):
        parse_suite(text, source="x").workloads()


@given(st.lists(st.integers(1, 30), max_size=6).map(tuple))
def test_batches_read_back_as_written(batch_shape: tuple[int, ...]) -> None:
    assert parse_batch(format_batch(batch_shape)) == batch_shape


@pytest.mark.parametrize("text", ["", "x", "8x", "-1", "0", "8 x 3", "1e3", "1x1x1x1x1x1x1", "None"])
def test_batches_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ShapeError):
        parse_batch(text)


def test_layers_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ShapeError, match="feeds"):
        Workload(name="x", layers=(*network_layers((3, 4)), *network_layers((5, 6))))


def test_a_weight_with_one_row_is_said_to_have_no_layout() -> None:
    assert not Workload(name="x", layers=network_layers((5, 1))).layout_matters
    assert Workload(name="x", layers=network_layers((5, 2))).layout_matters


def test_a_batch_named_twice_counts_once() -> None:
    (workload,) = parse_suite(
        b'name = "x"\nbatches = [8, [8], 8]\n[[linear]]\nin_features = 4\nout_features = 3', source="x"
    ).workloads()
    assert workload.batch_shapes == ((8,),)


def test_the_suite_in_the_documents_is_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "own-layers.md").read_text()
    (text,) = [block for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if "[[linear]]" in block]
    assert len(parse_suite(text.encode(), source="own-layers.md").workloads()) == 3
