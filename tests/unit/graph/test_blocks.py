"""Blocks: the tree, the wires to the outside, totals, and the edits of whole blocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_studio.core.commands import CommandStack
from cnn_studio.core.errors import GraphError
from cnn_studio.graph.block_edits import (
    duplicate,
    group,
    next_path,
    rename_block,
    repeat_block,
    ungroup,
)
from cnn_studio.graph.blocks import BlockTree, block_ends, find_block, totals
from cnn_studio.graph.commands import RenameLayers, parse_command
from cnn_studio.graph.document import Link
from cnn_studio.graph.paths import prefixes
from cnn_studio.graph.shapes import infer_shapes
from cnn_studio.graph.starters import find_starter
from tests.helpers.networks import chain, content, join

CONV = {"out_channels": 8, "kernel_size": 3, "padding": 1}


def residual():
    """A stem, a residual block ``layer1.0`` on 8 maps, and a classifier."""
    document = chain(
        (8, 16, 16),
        ("stem", "conv2d", CONV),
        ("layer1.0.conv1", "conv2d", CONV),
        ("layer1.0.relu", "relu", {}),
        ("layer1.0.conv2", "conv2d", CONV),
    )
    join(document, "layer1.0.add", "add", ["layer1.0.conv2", "stem"])
    join(document, "pool", "global_avg_pool", ["layer1.0.add"])
    join(document, "flatten", "flatten", ["pool"])
    join(document, "fc", "linear", ["flatten"], out_features=10)
    document.change_info(output=document.paths["fc"])
    return document


def ids(document, *paths):
    return [document.paths[path] for path in paths]


def done_and_undone(document, command):
    """Carry a command out as one step; check that undo and redo are exact and that it survives being written."""
    stack = CommandStack(document)
    before = content(document)
    stack.push(parse_command(command.model_dump(mode="json")))
    after = content(document)
    stack.undo()
    assert content(document) == before
    stack.redo()
    assert content(document) == after


def test_the_tree_of_blocks():
    document = residual()
    tree = BlockTree(document)
    assert list(tree) == ["layer1", "layer1.0"]
    assert tree.top == ("layer1",)
    assert tree["layer1"].children == ("layer1.0",)
    assert tree["layer1.0"].depth == 2
    assert tree["layer1.0"].parent == "layer1"
    assert tree["layer1"].parent is None
    assert set(tree["layer1"].members) == {i for path, i in document.paths.items() if "." in path}
    assert tree.to_depth(1) == {"layer1", "layer1.0"}
    assert tree.to_depth(2) == {"layer1.0"}


def test_whole_blocks_among_layers():
    document = residual()
    tree = BlockTree(document)
    members = tree["layer1.0"].members
    assert tree.of_layers([*members, document.paths["fc"]]) == ("layer1",)
    assert tree.of_layers(members[1:]) == ()


def test_a_residual_block_is_closed():
    document = residual()
    ends = block_ends(document, find_block(document, "layer1.0").members)
    stem, conv1, add, pool = ids(document, "stem", "layer1.0.conv1", "layer1.0.add", "pool")
    assert ends.is_closed
    assert ends.entries == (Link(stem, conv1, 0), Link(stem, add, 1))
    assert ends.exits == (Link(add, pool, 0),)
    assert not block_ends(document, ids(document, "layer1.0.conv1", "layer1.0.add")).is_closed


def test_totals_add_up_what_is_known():
    document = residual()
    members = find_block(document, "layer1").members
    found = totals(infer_shapes(document), members)
    assert found.num_layers == 4
    assert found.num_params == 2 * (8 * 8 * 9 + 8)
    assert found.macs >= 2 * 8 * 8 * 9 * 16 * 16
    assert (found.is_complete, found.frozen) == (True, "none")
    document.change_layer(members[0], trainable=False)
    document.drop_link(Link(document.paths["layer1.0.conv1"], document.paths["layer1.0.relu"]))
    found = totals(infer_shapes(document), members)
    assert (found.is_complete, found.frozen, found.num_params) == (False, "some", 8 * 8 * 9 + 8)
    for layer_id in members:
        document.change_layer(layer_id, trainable=False)
    assert totals(infer_shapes(document), members).frozen == "all"


def test_grouping_renames_and_nothing_else():
    document = chain((1, 8, 8), ("conv1", "conv2d", {}), ("relu1", "relu", {}), ("flatten", "flatten", {}))
    before = document.copy()
    chosen = ids(document, "conv1", "relu1")
    done_and_undone(document, group(document, chosen))
    assert set(document.paths) == {"input", "block1.conv1", "block1.relu1", "flatten"}
    assert list(document.links()) == list(before.links())
    assert all(
        (layer.x, layer.y) == (before.layer(i).x, before.layer(i).y) for i, layer in document.layers.items()
    )
    done_and_undone(document, group(document, ids(document, "flatten"), "head"))
    assert "head.flatten" in document.paths


def test_a_layer_may_give_its_name_to_its_block():
    document = chain((1, 8, 8), ("a", "conv2d", {}), ("b", "relu", {}), ("c", "flatten", {}))
    done_and_undone(document, group(document, ids(document, "b", "a"), "a"))
    assert set(document.paths) == {"input", "a.a", "a.b", "c"}


def test_grouping_within_a_block_and_around_one():
    document = residual()
    done_and_undone(document, group(document, ids(document, "layer1.0.conv1", "layer1.0.relu"), "branch"))
    assert "layer1.0.branch.conv1" in document.paths
    done_and_undone(document, group(document, find_block(document, "layer1.0").members, "first"))
    assert "layer1.first.0.branch.conv1" in document.paths
    done_and_undone(
        document, group(document, [*find_block(document, "layer1").members, document.paths["stem"]])
    )
    assert "block1.layer1.first.0.conv2" in document.paths
    assert "block1.stem" in document.paths


@pytest.mark.parametrize(
    ("name", "reason"), [("fc", "layer 'fc'"), ("layer1", "block 'layer1'"), ("class", "reserved")]
)
def test_bad_names_of_blocks_are_refused(name, reason):
    document = residual()
    with pytest.raises(GraphError, match=reason):
        group(document, ids(document, "stem"), name)
    with pytest.raises(GraphError, match="Select the layers"):
        group(document, [], "x")


def test_ungrouping_finds_free_names():
    document = residual()
    done_and_undone(document, ungroup(document, "layer1"))
    assert "layer1_0.conv1" in document.paths  # a name that is a number keeps what it was part of
    document.rename_layers({document.paths["stem"]: "conv1"})
    done_and_undone(document, ungroup(document, "layer1_0"))
    assert {"conv1", "conv2", "conv3", "relu", "add"} <= document.paths.keys()
    assert not BlockTree(document)


def test_renaming_a_block_renames_all_under_it():
    document = residual()
    done_and_undone(document, rename_block(document, "layer1.0", "stage.first"))
    assert "stage.first.conv1" in document.paths
    with pytest.raises(GraphError, match="layer 'stem'"):
        rename_block(document, "stage", "stem")
    with pytest.raises(GraphError, match="no block 'nowhere'"):
        rename_block(document, "nowhere", "x")
    done_and_undone(document, rename_block(document, "stage", "stage.first"))
    assert "stage.first.first.conv1" in document.paths


def test_layers_may_change_names_with_each_other():
    document = residual()
    stem, fc = ids(document, "stem", "fc")
    done_and_undone(document, RenameLayers(paths={stem: "fc", fc: "stem"}))
    assert document.layer(stem).path == "fc"
    before = content(document)
    with pytest.raises(GraphError, match="already is a layer"):
        RenameLayers(paths={stem: "x", fc: "pool"}).apply(document)
    assert content(document) == before
    assert not document.is_taken("x")


def test_repeating_a_residual_block_chains_its_copies():
    document = residual()
    below = document.layer_at("pool").y
    done_and_undone(document, repeat_block(infer_shapes(document), "layer1.0", 2))
    assert {"layer1.0.add", "layer1.1.add", "layer1.2.conv1"} <= document.paths.keys()
    first, second, third, pool = ids(document, "layer1.0.add", "layer1.1.add", "layer1.2.add", "pool")
    assert document.sources_of(document.paths["layer1.1.conv1"]) == [first]
    assert document.sources_of(second) == [document.paths["layer1.1.conv2"], first]
    assert document.sources_of(third) == [document.paths["layer1.2.conv2"], second]
    assert document.sources_of(pool) == [third]
    assert infer_shapes(document).ok
    assert document.layer_at("layer1.2.conv1").y > document.layer_at("layer1.1.add").y
    assert document.layer_at("pool").y - below == 2 * (
        document.layer_at("layer1.1.relu").y - document.layer_at("layer1.0.relu").y
    )


def test_the_output_mark_moves_to_the_last_copy():
    document = chain((4, 8, 8), ("a", "conv2d", CONV), ("b.conv", "conv2d", CONV), ("b.relu", "relu", {}))
    done_and_undone(document, repeat_block(infer_shapes(document), "b", 1))
    assert document.layer(document.info.output).path == "b2.relu"


def test_a_block_that_widens_is_repeated_while_it_fits():
    document = chain(
        (3, 8, 8),
        ("block1.conv", "conv2d", CONV),
        ("block1.pool", "max_pool2d", {"kernel_size": 2, "stride": 2}),
    )
    repeat_block(infer_shapes(document), "block1", 2)
    with pytest.raises(
        GraphError,
        match=r"block1 cannot be repeated 3 times: it makes 8×4×4 out of 3×8×8.*block4.pool",
    ):
        repeat_block(infer_shapes(document), "block1", 3)


def test_a_block_whose_output_is_no_input_is_not_repeated():
    document = chain((3, 8, 8), ("head.conv", "conv2d", CONV), ("head.flatten", "flatten", {}))
    before = content(document)
    with pytest.raises(GraphError, match=r"it makes 512 out of 3×8×8, and that does not fit"):
        repeat_block(infer_shapes(document), "head", 1)
    assert content(document) == before


def test_only_closed_blocks_are_repeated():
    document = chain((3, 8, 8), ("a.conv", "conv2d", CONV), ("b", "relu", {}))
    join(document, "a.other", "relu", ["b"])
    with pytest.raises(
        GraphError, match="one input and one output: it is fed by input, b and its results are"
    ):
        repeat_block(infer_shapes(document), "a", 1)
    with pytest.raises(GraphError, match="1 to 200 times"):
        repeat_block(infer_shapes(document), "a", 0)


def test_tied_layers_are_tied_to_their_copies():
    document = chain((8, 8, 8), ("b.one", "conv2d", CONV), ("b.two", "conv2d", CONV))
    one, two = ids(document, "b.one", "b.two")
    document.change_layer(two, tied_to=one)
    repeat_block(infer_shapes(document), "b", 1).apply(document)
    assert document.layer_at("b2.two").tied_to == document.paths["b2.one"]


def test_copies_of_whole_blocks_get_a_new_name_as_a_whole():
    document = residual()
    members = find_block(document, "layer1.0").members
    first = document.next_id
    done_and_undone(document, duplicate(document, [*members, document.paths["fc"]], 300, 0))
    copies = {layer.path for i, layer in document.layers.items() if i >= first}
    assert copies == {"layer2.0.conv1", "layer2.0.relu", "layer2.0.conv2", "layer2.0.add", "fc2"}


def test_a_copied_layer_does_not_take_the_name_of_a_copied_block():
    document = chain((1, 4, 4), ("b", "identity", {}), ("b1.x", "identity", {}), ("b1.y", "identity", {}))
    done_and_undone(document, duplicate(document, ids(document, "b", "b1.x", "b1.y"), 30, 0))
    assert set(document.paths) == {"input", "b", "b1.x", "b1.y", "b2", "b3.x", "b3.y"}


@given(
    st.lists(
        st.lists(st.sampled_from(["a", "a1", "a2", "0", "1"]), min_size=1, max_size=3),
        min_size=1,
        max_size=12,
    ),
    st.data(),
)
def test_whatever_is_copied_finds_names(paths, data):
    document = chain((1, 4, 4))
    for segments in paths:
        if not document.is_taken(path := ".".join(segments)):
            join(document, path, "identity", [])
    chosen = data.draw(st.lists(st.sampled_from(sorted(document.layers)), min_size=1, unique=True))
    count = len(document.layers)
    done_and_undone(document, duplicate(document, chosen, 30, 0))
    assert len(document.layers) == count + len(chosen)


@pytest.mark.parametrize(
    ("path", "following"),
    [("layer1.0", "layer1.1"), ("block1", "block2"), ("stem", "stem2"), ("a.b9", "a.b10"), ("new", "new")],
)
def test_following_names(path, following):
    assert next_path(path, {"layer1.0", "block1", "stem", "a.b9"}) == following


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), min_size=1, max_size=12), st.data())
def test_grouping_and_ungrouping_keep_every_document_legal(paths, data):
    document = chain((1, 4, 4))
    for segments in paths:
        path = ".".join(segments)
        if not document.is_taken(path):
            join(document, path, "identity", [])
    chosen = data.draw(st.sets(st.sampled_from(sorted(document.layers)), min_size=1))
    done_and_undone(document, group(document, chosen))
    tree = BlockTree(document)
    for block in tree.values():
        assert block.members == tuple(
            i for i, k in document.layers.items() if k.path.startswith(f"{block.path}.")
        )
    done_and_undone(document, ungroup(document, data.draw(st.sampled_from(list(tree)))))


@pytest.mark.parametrize(
    ("name", "cards"),
    [("resnet50", 12), ("resnet152", 12), ("densenet121", 17), ("mobilenet_v2", 24), ("squeezenet1_1", 19)],
)
def test_the_first_look_shows_stages_or_what_lies_in_the_one_outer_block(name: str, cards: int) -> None:
    document = find_starter(name).build()
    tree = BlockTree(document)
    folded = tree.to_look_at()
    seen = set()
    for layer in document.layers.values():
        seen.add(next((path for path in prefixes(layer.path) if path in folded), layer.path))
    assert len(seen) == cards
