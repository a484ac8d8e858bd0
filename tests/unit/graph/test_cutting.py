"""Networks are cut where one tensor is, and get a head of their own behind the cut."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_studio.core.errors import GraphError
from cnn_studio.graph.cutting import (
    Head,
    code_network,
    describe_cut,
    find_classifier,
    find_cut,
    list_cuts,
    shapes_of,
    with_head,
)
from cnn_studio.graph.shapes import infer_shapes
from cnn_studio.graph.stages import frozen_with, last_stage, list_stages, thaw_steps
from cnn_studio.graph.starters import find_starter
from cnn_studio.graph.starters.chain import ChainBuilder

NAMES = ("alexnet", "vgg11_bn", "resnet18", "squeezenet1_1", "mobilenet_v2", "densenet121", "googlenet")
REPORTS = {name: infer_shapes(find_starter(name).build()) for name in NAMES}


def test_the_code_of_alexnet_has_4096_numbers():
    cut = find_cut(REPORTS["alexnet"])
    assert cut.code_size() == 4096
    assert cut.path == "classifier.5"
    assert describe_cut(cut) == "classifier.5, a code of 4,096 numbers"


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("resnet18", 512),
        ("squeezenet1_1", 512),
        ("mobilenet_v2", 1280),
        ("densenet121", 1024),
        ("googlenet", 1024),
    ],
)
def test_the_usual_code_is_what_the_classifier_reads(name, size):
    assert find_cut(REPORTS[name]).code_size() == size


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(NAMES), where=st.floats(0, 1), classes=st.integers(2, 7), data=st.data())
def test_every_cut_gives_a_network_without_errors(name, where, classes, data):
    report = REPORTS[name]
    cuts = list_cuts(report)
    cut = cuts[min(len(cuts) - 1, int(where * len(cuts)))]
    head = Head(
        pooling=data.draw(st.sampled_from(["average", "none"])),
        hidden=data.draw(st.sampled_from([0, 5])),
        dropout=data.draw(st.sampled_from([0.0, 0.5])),
    )
    labels = tuple(f"class {n}" for n in range(classes))
    before = dict(report.document.layers)
    document = with_head(report, cut, labels, head)
    shapes = infer_shapes(document)
    assert shapes.ok, [problem.message for problem in shapes.problems]
    assert shapes.states[document.info.output].shape == (classes,)
    assert document.info.labels == labels
    assert dict(report.document.layers) == before
    new = [layer for layer in document.layers.values() if layer.id not in before]
    assert [layer.type for layer in new].count("linear") == 1 + (head.hidden > 0)
    assert all(before[layer.id] == layer for layer in document.layers.values() if layer.id in before)
    codes = shapes_of(code_network(report, cut, head.pooling))
    assert codes.states[codes.document.info.output].shape == (cut.code_size(head.pooling),)


def test_cuts_run_from_generic_to_specific():
    places = [cut.position for cut in list_cuts(REPORTS["resnet18"])]
    assert places == sorted(places)
    assert (places[0] < 0.1, places[-1]) == (True, 1.0)


def test_a_block_is_cut_behind_its_result():
    assert (
        find_cut(REPORTS["resnet18"], "layer3").path == find_cut(REPORTS["resnet18"], "layer3.1.relu_1").path
    )
    assert find_cut(REPORTS["resnet18"], "layer3").shape == (256, 14, 14)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("layer9", "layer"),
        ("fc", "belongs to the classifier"),
        ("input", "the image itself"),
    ],
)
def test_what_is_no_cut_is_refused_with_a_reason(path, says):
    with pytest.raises(GraphError, match=says):
        find_cut(REPORTS["resnet18"], path)


def test_a_block_with_two_results_is_no_cut():
    net = ChainBuilder("two results").add("input", "input", channels=3, height=8, width=8)
    net.add("block.left", "conv2d", out_channels=4).add(
        "block.right", "conv2d", after="input", out_channels=4
    )
    net.add("cat", "concat", after=("block.left", "block.right")).add("flatten", "flatten")
    report = infer_shapes(net.add("fc", "linear", out_features=3).finish())
    with pytest.raises(GraphError, match=r"block has 2 results \(block.left, block.right\)"):
        find_cut(report, "block")
    assert find_cut(report, "block.left").code_size() == 4


def test_one_class_is_no_classifier():
    report = REPORTS["resnet18"]
    with pytest.raises(GraphError, match="two classes"):
        with_head(report, find_cut(report), ("only",))


def test_a_network_that_is_a_classifier_alone_has_nothing_to_transfer():
    net = ChainBuilder("softmax").add("input", "input", channels=1, height=8, width=8)
    net.add("fc", "linear", out_features=3)
    with pytest.raises(GraphError):
        find_cut(infer_shapes(net.finish()))


def test_where_two_branches_give_the_scores_the_last_convolution_is_the_classifier():
    net = ChainBuilder("two heads").add("input", "input", channels=3, height=8, width=8)
    net.add("stem", "conv2d", out_channels=4).add("left", "conv2d", out_channels=5)
    net.add("right", "conv2d", after="stem", out_channels=5).add("norm", "batch_norm")
    net.add("sum", "add", after=("left", "norm")).add("pool", "global_avg_pool").add("flatten", "flatten")
    report = infer_shapes(net.finish())
    assert report.document.layer(find_classifier(report)).path == "right", "a norm turns no code into scores"


@pytest.mark.parametrize("name", NAMES)
def test_stages_hold_all_layers_with_weights_once(name):
    report = REPORTS[name]
    found = [i for stage in list_stages(report) for i in stage.ids]
    assert len(found) == len(set(found))
    weighted = {i for i in report.order if (report.num_params(i) or 0) > 0}
    assert weighted <= set(found)
    assert list_stages(report)[-1].ids == (find_classifier(report),)
    total = sum(report.num_params(i) or 0 for i in found[:-1])
    last = last_stage(report)
    assert find_classifier(report) in last
    assert sum(report.num_params(i) or 0 for i in last if i != find_classifier(report)) >= 0.2 * total


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("count", [2, 3, 5])
def test_thawing_goes_from_the_head_to_everything(name, count):
    report = REPORTS[name]
    steps = thaw_steps(report, count)
    assert steps[0] == (find_classifier(report),)
    assert len(steps) <= count
    assert all(set(one) < set(other) for one, other in itertools.pairwise(steps))
    assert {i for i in report.order if (report.num_params(i) or 0) > 0} <= set(steps[-1])


def test_layers_without_weights_count_with_what_is_before_them():
    report = REPORTS["alexnet"]
    frozen = {report.document.layer(i).path for i in frozen_with(report, last_stage(report))}
    assert {"input", "features.0", "features.1", "features.12", "avgpool"} <= frozen
    assert not any(path in frozen for path in ("classifier.1", "classifier.2", "classifier.6"))
