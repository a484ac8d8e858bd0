"""The grammar of layer paths and the search for free ones."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_studio.core.errors import GraphError
from cnn_studio.graph.document import Layer, NetworkDocument
from cnn_studio.graph.paths import MAX_PATH, check_path, free_path, is_reserved, prefixes, whole_blocks
from tests.helpers.strategies import PATHS


@pytest.mark.parametrize(
    "path", ["conv1", "C1", "_x", "a.b.c", "layer1.0.conv1", "0", "features.12", "block1-0.x", "a" * MAX_PATH]
)
def test_legal_paths(path: str) -> None:
    check_path(path)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("", "needs a name"),
        ("a" * (MAX_PATH + 1), "longer than 200"),
        ("a b", "'a b' is not made of"),
        ("a..b", "'' is not made of"),
        (".a", "'' is not made of"),
        ("a.", "'' is not made of"),
        ("1a", "'1a' is not made of"),
        ("01", "'01' is not made of"),
        ("-conv", "'-conv' is not made of"),
        ("0-1", "'0-1' is not made of"),
        ("größe", "'größe' is not made of"),
        ("a\n", "is not made of"),
        ("１", "is not made of"),
        ("class", "'class' is a reserved word"),
        ("block.type", "'type' is a reserved word"),
        ("forward", "forward_1"),
        ("a.__init__", "reserved word"),
        ("_modules", "reserved word"),
        ("None", "reserved word"),
    ],
)
def test_illegal_paths_say_which_segment_and_why(path: str, says: str) -> None:
    with pytest.raises(GraphError, match=re.escape(says)):
        check_path(path)


@given(PATHS)
def test_drawn_paths_are_legal_and_their_prefixes_are_blocks(path: str) -> None:
    check_path(path)
    blocks = prefixes(path)
    assert len(blocks) == path.count(".")
    assert all(path.startswith(f"{block}.") for block in blocks)
    assert blocks == sorted(blocks, key=len)


@given(PATHS, st.sets(PATHS, max_size=30))
def test_a_free_path_is_legal_free_and_close_to_what_was_wanted(wanted: str, taken: set[str]) -> None:
    found = free_path(wanted, taken)
    check_path(found)
    assert found not in taken
    assert found == wanted or wanted in taken
    assert found.rpartition(".")[0] == wanted.rpartition(".")[0], "the layer stays in its block"


@pytest.mark.parametrize(
    ("wanted", "taken", "found"),
    [
        ("relu", [], "relu"),
        ("relu", ["relu"], "relu2"),
        ("relu1", ["relu1", "relu2"], "relu3"),
        ("a.relu", ["a.relu"], "a.relu2"),
        ("layer.0", ["layer.0"], "layer.1"),
        ("layer.9", ["layer.9", "layer.10"], "layer.11"),
        ("0", ["0"], "1"),
    ],
)
def test_free_path_counts_on(wanted: str, taken: list[str], found: str) -> None:
    assert free_path(wanted, taken) == found


def put(document: NetworkDocument, path: str) -> int:
    layer_id = document.next_id
    document.put_layer(Layer(layer_id, path, "relu"))
    return layer_id


def test_no_layer_is_the_prefix_of_another() -> None:
    document = NetworkDocument()
    put(document, "a.b")
    for path, says in (("a", "is a block"), ("a.b.c", "'a.b' is a layer"), ("a.b", "already is")):
        assert document.is_taken(path)
        with pytest.raises(GraphError, match=says):
            put(document, path)
    put(document, "a.c")
    put(document, "ab")
    assert document.is_block("a")
    assert not document.is_block("a.b")


def test_a_layer_may_be_renamed_into_a_block_of_its_own_old_name() -> None:
    document = NetworkDocument()
    layer_id = put(document, "a")
    document.change_layer(layer_id, path="a.b")
    assert document.is_block("a")
    assert dict(document.paths) == {"a.b": layer_id}
    document.change_layer(layer_id, path="a")
    assert not document.is_block("a")


def test_a_refused_name_leaves_the_old_one() -> None:
    document = NetworkDocument()
    layer_id = put(document, "x.a")
    put(document, "b")
    for path in ("b", "b.c", "x y", "", "train"):
        with pytest.raises(GraphError):
            document.change_layer(layer_id, path=path)
        assert document.layer_at("x.a").id == layer_id
        assert document.is_block("x")


def test_words_of_python_are_reserved() -> None:
    assert all(is_reserved(word) for word in ("class", "def", "lambda", "True", "__class__", "self"))
    assert not any(
        is_reserved(word) for word in ("name", "input", "image", "weight", "device", "conv", "match")
    )


def test_whole_blocks_stand_for_their_layers() -> None:
    every = ("stem", "a.0.conv", "a.0.bn", "a.1.conv", "a.1.bn", "fc")
    assert whole_blocks(("a.1.conv", "a.1.bn", "fc"), every) == ("a.1", "fc")
    assert whole_blocks(every, every) == ("stem", "a", "fc")
    assert whole_blocks(("a.0.conv", "a.1.conv", "a.1.bn"), every) == ("a.0.conv", "a.1")
