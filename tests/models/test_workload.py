"""A workload's name is any text that a graph may hold; its key is safe, its label harmless, its title unlike others."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.models.layout import LinearShape, ShapeError
from profiler.models.suite import parse_suite
from profiler.models.workload import KEY, MAX_NAME_LENGTH, Origin, OriginKind, Workload, linear_workload

SHAPE = LinearShape(in_features=64, out_features=64)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80).filter(lambda text: text.strip())


def named(name: str, shape: LinearShape = SHAPE) -> Workload:
    return linear_workload(shape, batch_shapes=((1,),), name=name)


@given(NAMES)
def test_any_name_gives_a_safe_key_and_a_harmless_label(name: str) -> None:
    workload = named(name)
    assert KEY.fullmatch(workload.key)
    assert workload.label.isprintable()
    assert msgspec.json.decode(msgspec.json.encode(workload), type=Workload) == workload


@given(NAMES, NAMES)
def test_other_names_have_other_keys(one: str, other: str) -> None:
    assert (named(one).key == named(other).key) == (one == other)


@pytest.mark.parametrize(
    "name",
    ["/model/layers.0/mlp/fc1/MatMul", "encoder:0", "Schicht-ä", "層", "..", "a/../../b", "A", "a b", "C:\\x", "nul\0"],
)
def test_names_of_graphs_are_taken_and_never_lead_anywhere(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9-]+-[0-9a-f]{12}", named(name).key)


@pytest.mark.parametrize("name", ["manifest.json", "con", "nul.txt", "com1", "trail.", "a.."])
def test_names_that_a_bundle_or_a_file_system_keeps_for_itself_get_another_key(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9-]+-[0-9a-f]{12}", named(name).key)


def test_a_name_that_is_safe_is_its_own_key() -> None:
    assert named("linear-64x64").key == "linear-64x64"
    assert named("fc1.weight").key == "fc1.weight"


def test_two_layers_of_one_shape_have_two_titles() -> None:
    suite = parse_suite(
        b'name = "two"\n[[linear]]\nname = "query"\nin_features = 64\nout_features = 64\n'
        b'[[linear]]\nname = "/h.0/key"\nin_features = 64\nout_features = 64\n'
        b"[[linear]]\nin_features = 64\nout_features = 64\n"
        b"[[linear]]\nin_features = 64\nout_features = 64\nbias = false\n",
        source="two",
    )
    workloads = suite.workloads()
    assert [workload.title for workload in workloads] == [
        "query 64x64", "/h.0/key 64x64", "64x64", "64x64 without bias",
    ]  # fmt: skip
    assert {workload.origin for workload in workloads} == {Origin(kind=OriginKind.SUITE, source="two")}


@pytest.mark.parametrize("name", ["", "   ", "x" * (MAX_NAME_LENGTH + 1), "half \ud800 a pair"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ShapeError, match="is no workload name"):
        named(name)
