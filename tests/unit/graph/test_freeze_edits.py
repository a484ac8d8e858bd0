"""What is frozen: the tree, its counts, the quick picks, and globs."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_studio.core.errors import GraphError
from cnn_studio.graph.commands import SetTraining
from cnn_studio.graph.cutting import find_classifier
from cnn_studio.graph.freeze_tree import FreezeFacts, freeze_tree, training_passes
from cnn_studio.graph.freezing import (
    all_but_head,
    apply_globs,
    batch_norms_too,
    by_stage,
    first_n,
    keep_all_statistics,
    nothing_frozen,
    set_rate,
    set_trains,
    stages,
)
from cnn_studio.graph.paths import prefixes
from cnn_studio.graph.shapes import infer_shapes
from cnn_studio.graph.starters import find_starter
from tests.helpers.freezing import done, features
from tests.helpers.networks import chain, join

RESNET = find_starter("resnet18").build()


def resnet():
    return RESNET.copy()


def tied():
    """Two layers of the same weights before a classifier, and one that leads nowhere."""
    document = chain(
        (1, 2, 4),
        ("flatten", "flatten", {}),
        ("first", "linear", {"out_features": 8}),
        ("second", "linear", {"out_features": 8}),
        ("fc", "linear", {"out_features": 2}),
    )
    document.change_layer(document.paths["second"], tied_to=document.paths["first"])
    join(document, "aside", "linear", ["flatten"], out_features=3)
    return document


def trained(document):
    """Paths of the layers with weights or statistics that train."""
    facts = FreezeFacts(infer_shapes(document))
    return [document.layer(i).path for i in facts.layers if facts.trains(i)]


def nodes(root):
    yield root
    for child in root.children:
        yield from nodes(child)


def at(document, path):
    return next(node for node in nodes(freeze_tree(infer_shapes(document))) if node.path == path)


# -------------------------------------------------------------------------------------------------------- the tree


def test_the_tree_holds_blocks_and_what_can_be_frozen_in_execution_order():
    root = freeze_tree(infer_shapes(resnet()))
    assert [node.name for node in root.children] == [
        "conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc",
    ]  # fmt: skip
    block = at(resnet(), "layer2.0")
    assert [node.name for node in block.children] == ["conv1", "bn1", "conv2", "bn2", "downsample"]
    assert (root.params, root.trainable, root.state) == (11_689_512, 11_689_512, "trains")
    assert block.params == 230_144
    assert (at(resnet(), "conv1").end, at(resnet(), "fc").start) == (0.0, 1.0)
    assert at(resnet(), "bn1").start == 0.0
    stage = at(resnet(), "layer3")
    assert 0.4 < stage.start < stage.end < 0.8


def test_states_counts_and_policies():
    document = resnet()
    paths = document.paths
    document.change_layer(paths["layer1.0.conv1"], trainable=False)
    document.change_layer(paths["layer1.0.bn1"], keep_statistics=True)
    document.change_layer(paths["layer1.0.relu"], trainable=False)
    document.change_layer(paths["fc"], lr_factor=0.5)
    for name in ("conv1", "bn1"):
        document.change_layer(paths[name], trainable=False)
    block, root = at(document, "layer1.0"), at(document, "")
    assert (block.state, block.params, block.trainable) == ("partly", 73_984, 73_984 - 36_864)
    assert (block.statistics, block.lr_factor) == ("mixed", 1.0)
    assert at(document, "layer1.0.bn1").statistics == "kept"
    assert at(document, "layer1.0.bn2").statistics == "adapt"
    assert (at(document, "bn1").statistics, at(document, "bn1").lr_factor) == ("kept", None)
    assert (at(document, "fc").statistics, at(document, "fc").lr_factor) == ("", 0.5)
    assert root.lr_factor is None
    assert root.trainable == 11_689_512 - 36_864 - 9_408 - 128
    assert at(document, "layer2").state == "trains"


def test_shared_weights_count_once_and_are_frozen_together():
    document = tied()
    root = freeze_tree(infer_shapes(document))
    assert root.params == 72 + 18  # what leads nowhere is never built
    document.change_layer(document.paths["second"], trainable=False)
    assert at(document, "first").state == "frozen"
    assert freeze_tree(infer_shapes(document)).trainable == 18
    done(document, set_trains(infer_shapes(document), {document.paths["first"]}, True))
    assert document.layer_at("second").trainable and at(document, "first").state == "trains"


def test_networks_with_errors_have_a_tree_too():
    document = features()
    document.drop_link(document.inputs_of(document.paths["features.3"])[0])
    root = freeze_tree(infer_shapes(document))
    assert [node.path for node in nodes(root)][-2:] == ["classifier.0", "classifier.2"]
    assert (root.state, at(document, "classifier.0").params) == ("trains", 0)
    assert training_passes(infer_shapes(document)) is None
    empty = chain((1, 4, 4))
    assert freeze_tree(infer_shapes(empty)).children == ()
    assert training_passes(infer_shapes(empty)) is None


# ----------------------------------------------------------------------------------------------------- quick picks


def test_all_but_the_head():
    document = resnet()
    document.change_layer(document.paths["fc"], trainable=False)
    document.change_layer(document.paths["relu"], trainable=False)
    done(document, all_but_head(infer_shapes(document)))
    assert trained(document) == ["fc"]
    assert document.layer_at("relu").trainable  # there is nothing in it to freeze
    again = all_but_head(infer_shapes(document))
    assert again.commands == ()
    head = [document.paths[path] for path in ("layer4.1.conv2", "fc")]
    assert trained(done(document, all_but_head(infer_shapes(document), head))) == ["layer4.1.conv2", "fc"]


def test_a_head_is_on_the_way_to_the_output():
    document = tied()
    assert document.layer(find_classifier(infer_shapes(document))).path == "fc"
    with pytest.raises(GraphError, match="no layer with weights"):
        all_but_head(infer_shapes(chain((1, 4, 4), ("flatten", "flatten", {}))))


def test_nothing_frozen_takes_all_marks_off():
    document = resnet()
    for layer_id in document.layers:
        document.change_layer(layer_id, trainable=False)
    done(document, nothing_frozen(infer_shapes(document)))
    assert all(layer.trainable for layer in document.layers.values())


@pytest.mark.parametrize(
    ("n", "first"), [(0, "conv1"), (1, "layer1.0.conv1"), (5, "layer2.0.conv1"), (20, "fc"), (21, None)]
)
def test_the_first_layers_with_their_norms(n, first):
    document = resnet()
    done(document, first_n(infer_shapes(document), n))
    left = trained(document)
    assert (left[0] if left else None) == first
    names = [path for path in (document.layer(i).path for i in infer_shapes(document).order) if path in left]
    assert left == names
    assert ("bn1" in left) == (n < 1)


def test_trained_activations_go_with_their_layer():
    document = features()
    done(document, first_n(infer_shapes(document), 2))
    assert trained(document) == ["classifier.0", "classifier.2"]


def test_stages_are_top_level_blocks_or_the_parts_of_the_one_that_holds_the_network():
    parts = stages(infer_shapes(resnet()))
    assert [stage.path for stage in parts] == ["conv1", "layer1", "layer2", "layer3", "layer4", "fc"]
    assert len(parts[0].ids) == 2
    parts = stages(infer_shapes(features()))
    assert [stage.path for stage in parts] == ["features.0", "features.3", "classifier"]
    assert [len(stage.ids) for stage in parts] == [2, 2, 2]
    densenet = stages(infer_shapes(find_starter("densenet121").build()))
    assert [stage.path for stage in densenet][:3] == [
        "features.conv0", "features.denseblock1", "features.transition1",
    ]  # fmt: skip
    assert stages(infer_shapes(chain((1, 4, 4)))) == ()


def test_freezing_up_to_a_stage():
    document = resnet()
    done(document, by_stage(infer_shapes(document), "layer4"))
    assert {path.split(".")[0] for path in trained(document)} == {"layer4", "fc"}
    done(document, by_stage(infer_shapes(document), "layer3"))
    assert {path.split(".")[0] for path in trained(document)} == {"layer3", "layer4", "fc"}
    with pytest.raises(GraphError, match=r"no stage 'layer9'.*conv1, layer1"):
        by_stage(infer_shapes(document), "layer9")


def test_batch_norms_too():
    document = resnet()
    done(document, by_stage(infer_shapes(document), "layer4"))
    done(document, batch_norms_too(infer_shapes(document)))
    assert trained(document) == [
        "layer4.0.conv1", "layer4.0.conv2", "layer4.0.downsample.0", "layer4.1.conv1", "layer4.1.conv2", "fc",
    ]  # fmt: skip
    done(document, keep_all_statistics(infer_shapes(document)))
    kept = {layer.type for layer in document.layers.values() if layer.keep_statistics}
    assert kept == {"batch_norm"}
    done(document, keep_all_statistics(infer_shapes(document), False))
    assert not any(layer.keep_statistics for layer in document.layers.values())


def test_rates_are_set_for_layers_that_share_weights():
    document = tied()
    done(document, set_rate(document, {document.paths["second"]}, 0.1))
    assert [document.layer_at(path).lr_factor for path in ("first", "second", "fc")] == [0.1, 0.1, 1.0]


# ----------------------------------------------------------------------------------------------------------- globs


@pytest.mark.parametrize(
    ("freeze", "unfreeze", "left"),
    [
        (["*"], ["classifier"], ["classifier.0", "classifier.2"]),
        (["features.0"], [], ["features.1", "features.3", "features.4", "classifier.0", "classifier.2"]),
        (["features.*"], ["features.[34]"], ["features.3", "features.4", "classifier.0", "classifier.2"]),
        (["features", "classifier.?"], ["*.2"], ["classifier.2"]),
        (["feat*"], [], ["classifier.0", "classifier.2"]),
    ],
)
def test_globs(freeze, unfreeze, left):
    document = features()
    assert trained(done(document, apply_globs(document, freeze, unfreeze))) == left
    assert not any(
        not layer.trainable for layer in document.layers.values() if layer.type in ("relu", "input")
    )


def test_globs_of_blocks_cover_everything_below():
    document = resnet()
    done(document, apply_globs(document, ["layer[12]", "conv1", "*.bn*"]))
    left = trained(document)
    assert not any(path.startswith(("layer1", "layer2", "conv1")) or ".bn" in path for path in left)
    assert "bn1" in left and "layer3.0.downsample.1" in left


def test_globs_leave_what_they_do_not_name():
    document = resnet()
    done(document, apply_globs(document, ["layer1"]))
    done(document, apply_globs(document, ["layer2"], ["layer1.0"]))
    assert next(path for path in trained(document) if path.startswith("layer1")) == "layer1.0.conv1"
    assert at(document, "layer1.1").state == at(document, "layer2").state == "frozen"


def test_globs_of_shared_weights():
    document = tied()
    done(document, apply_globs(document, ["second"]))
    assert not document.layer_at("first").trainable
    done(document, apply_globs(document, ["*"], ["second"]))
    assert trained(document) == ["first", "second"]


@pytest.mark.parametrize(
    ("glob", "near"), [("laier1", "layer1"), ("layer9.*", "layer"), ("", "on the canvas"), ("fx", "fc")]
)
def test_a_glob_that_names_nothing(glob, near):
    for arguments in ({"freeze": [glob]}, {"freeze": ["conv1"], "unfreeze": [glob]}):
        with pytest.raises(GraphError) as error:
            apply_globs(resnet(), **arguments)
        assert repr(glob) in str(error.value) and near in str(error.value)


PATHS = [layer.path for layer in RESNET.layers.values()]
NAMES = sorted({part for path in PATHS for part in (*prefixes(path), path)})


@st.composite
def globs(draw):
    """Globs that name something: a name, with some letters replaced by wildcards."""
    name = draw(st.sampled_from(NAMES))
    kind = draw(st.sampled_from(["name", "below", "star", "any", "class"]))
    place = draw(st.integers(0, len(name) - 1))
    match kind:
        case "below" if name not in PATHS:
            return f"{name}.*"
        case "star":
            return f"{name[:place]}*"
        case "any":
            return f"{name[:place]}?{name[place + 1 :]}"
        case "class":
            return f"{name[:place]}[{name[place]}x]{name[place + 1 :]}"
    return name


@given(
    st.lists(globs(), max_size=3),
    st.lists(globs(), max_size=3),
    st.sets(st.sampled_from(sorted(RESNET.layers))),
)
def test_globs_do_as_the_rule_says(freeze, unfreeze, marked):
    document = resnet()
    if marked:
        SetTraining(ids=tuple(sorted(marked)), trainable=False).apply(document)
    before = {layer.path: layer.trainable for layer in document.layers.values()}
    weighty = {"conv2d", "batch_norm", "linear"}

    def names(wanted, path):
        parts = path.split(".")
        return any(
            fnmatchcase(".".join(parts[:n]), glob) for glob in wanted for n in range(1, len(parts) + 1)
        )

    done(document, apply_globs(document, freeze, unfreeze))
    for layer in document.layers.values():
        if names(unfreeze, layer.path):
            expected = True
        elif names(freeze, layer.path) and layer.type in weighty:
            expected = False
        else:
            expected = before[layer.path]
        assert layer.trainable == expected, layer.path
    assert apply_globs(document, freeze, unfreeze).commands == ()


@given(st.sets(st.sampled_from(sorted(RESNET.layers))))
def test_states_follow_from_those_below(marked):
    document = resnet()
    for layer_id in marked:
        document.change_layer(layer_id, trainable=False)
    report = infer_shapes(document)
    for node in nodes(freeze_tree(report)):
        states = {document.layer(i).trainable for i in node.ids}
        assert node.state == ("partly" if len(states) == 2 else "trains" if True in states else "frozen")
        assert node.params == sum(report.num_params(i) for i in node.ids)
        assert node.trainable == sum(report.num_params(i) for i in node.ids if document.layer(i).trainable)
        assert 0 <= node.start <= node.end <= 1
        if node.children:
            assert node.ids == tuple(i for child in node.children for i in child.ids)
