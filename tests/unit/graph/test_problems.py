"""Every kind of problem: provoked, read, mended by each of its fixes, and back after undo."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import cnn_studio.graph
from cnn_studio.core.commands import CommandStack
from cnn_studio.graph.checks import fit_output
from cnn_studio.graph.commands import SetParams
from cnn_studio.graph.document import Layer, Link, NetworkDocument
from cnn_studio.graph.preprocessing import Preprocessing
from cnn_studio.graph.problems import Problem
from cnn_studio.graph.shapes import ShapeEngine, infer_shapes
from tests.helpers.networks import chain, codes, content, join, looped, problems, tiny_classifier

FLAT = ("flatten", "flatten", {})


def two_inputs() -> NetworkDocument:
    document = tiny_classifier()
    document.put_layer(Layer(99, "second", "input", {"channels": 1, "height": 4, "width": 4}))
    return document


def without(path: str) -> NetworkDocument:
    """The tiny classifier with all links of one layer cut."""
    document = tiny_classifier()
    layer_id = document.paths[path]
    for link in [*document.inputs_of(layer_id), *document.outputs_of(layer_id)]:
        document.drop_link(link)
    return document


def no_input() -> NetworkDocument:
    document = without("input")
    document.drop_layer(document.paths["input"])
    return document


def unmarked() -> NetworkDocument:
    document = tiny_classifier()
    document.change_info(output=None)
    return document


def unknown() -> NetworkDocument:
    document = tiny_classifier()
    document.drop_link(Link(3, 4))
    document.put_layer(Layer(50, "new", "attention_2030", {"heads": 8}))
    document.put_link(Link(3, 50))
    document.put_link(Link(50, 4))
    return document


def loose_end() -> NetworkDocument:
    document = tiny_classifier()
    join(document, "extra", "relu", ["pool1"])
    return document


def labelled(count: int) -> NetworkDocument:
    document = tiny_classifier(10)
    document.change_info(labels=tuple(f"class {n}" for n in range(count)))
    return document


def branches(join_type: str, first: int, second: int, stride: int = 1) -> NetworkDocument:
    document = chain((3, 8, 8), ("a", "conv2d", {"out_channels": first, "kernel_size": 1}))
    join(document, "b", "conv2d", ["input"], out_channels=second, kernel_size=1, stride=(stride, stride))
    join(document, "joined", join_type, ["a", "b"])
    end = join(document, "flatten", "flatten", ["joined"])
    document.change_info(output=end.id)
    return document


def repeated_by(join_type: str) -> NetworkDocument:
    """Maps joined with one number per channel."""
    document = chain((4, 8, 8), ("pool", "global_avg_pool", {}))
    join(document, "joined", join_type, ["input", "pool"])
    end = join(document, "flatten", "flatten", ["joined"])
    document.change_info(output=end.id)
    return document


def lonely_merge() -> NetworkDocument:
    document = chain((1, 4, 4), ("a", "relu", {}))
    join(document, "sum", "add", ["a"])
    end = join(document, "flatten", "flatten", ["sum"])
    document.change_info(output=end.id)
    return document


def normalised(*values: float) -> NetworkDocument:
    """The tiny classifier on grey images with a given mean and deviation of that many channels."""
    document = tiny_classifier()
    document.change_info(preprocessing=Preprocessing(measured=False, mean=values, std=values))
    return document


def tied(target: int, **changes: object) -> NetworkDocument:
    """Two fully connected layers of one size, the second (id 4) tied to layer `target`."""
    document = chain(
        (1, 4, 4), FLAT, ("fc1", "linear", {"out_features": 16}), ("fc2", "linear", {"out_features": 16})
    )
    document.change_layer(4, tied_to=target, **changes)
    return document


CASES: dict[str, tuple[Callable[[], NetworkDocument], str, str]] = {
    # code: (document, path of the layer, what the sentence says)
    "empty": (NetworkDocument, "", "network is empty"),
    "no_input": (no_input, "", "no input layer"),
    "several_inputs": (two_inputs, "second", "second is a second input.*enters at input"),
    "no_output": (unmarked, "", "No layer is marked"),
    "unused_layer": (loose_end, "extra", "extra is not used"),
    "softmax_before_loss": (
        lambda: chain((1, 4, 4), FLAT, ("fc", "linear", {}), ("probs", "softmax", {})),
        "probs",
        "Softmax before the loss",
    ),
    "output_not_vector": (
        lambda: chain((1, 4, 4), ("conv", "conv2d", {})),
        "conv",
        "conv gives maps of 16×2×2",
    ),
    "output_width": (lambda: labelled(7), "fc1", "fc1 gives 10 scores, but there are 7 classes"),
    "unknown_layer": (unknown, "new", "new is of the type 'attention_2030'"),
    "unconnected": (lambda: without("relu1"), "relu1", "relu1 has no input"),
    "too_few_inputs": (lonely_merge, "sum", "sum joins at least 2 inputs, but only 1 is linked"),
    "cycle": (looped, "a", "a runs in a circle"),
    "needs_map": (lambda: chain((1, 4, 4), FLAT, ("conv", "conv2d", {})), "conv", "vector of 16 numbers"),
    "missing_flatten": (
        lambda: chain((2, 4, 4), ("fc", "linear", {})),
        "fc",
        "gets maps of 2×4×4.*becomes 32 numbers",
    ),
    "window_too_large": (
        lambda: chain((1, 4, 4), ("conv", "conv2d", {"kernel_size": 5}), FLAT),
        "conv",
        "5 × 5 filter is larger than its 4 × 4 input",
    ),
    "not_tiling": (lambda: chain((1, 7, 7), ("pool", "max_pool2d", {}), FLAT), "pool", r"= 3\.5"),
    "padding_too_wide": (
        lambda: chain((1, 7, 7), ("pool", "avg_pool2d", {"padding": 2}), FLAT),
        "pool",
        "Padding 2 is more than half of the 2 × 2 window",
    ),
    "padding_wider_than_map": (
        lambda: chain((1, 3, 3), ("conv", "conv2d", {"padding": 3, "padding_mode": "reflect"}), FLAT),
        "conv",
        "Padding 3 cannot be filled by reflect from a map of height 3.*at most 2",
    ),
    "groups_do_not_divide": (
        lambda: chain((6, 5, 5), ("conv", "conv2d", {"groups": 4}), FLAT),
        "conv",
        "4 groups must divide both the 6 input channels and the 16 filters",
    ),
    "merge_mismatch": (lambda: branches("add", 4, 6), "joined", "4×8×8 and 6×8×8"),
    "concat_mismatch": (lambda: branches("concat", 4, 4, stride=2), "joined", "4×8×8 and 4×4×4"),
    "normalisation_mismatch": (
        lambda: normalised(0.1, 0.2, 0.3),
        "input",
        "input have 1 channel, .*given for 3 and 3",
    ),
    "broken_tie": (lambda: tied(77), "fc2", "fc2 shares the weights of a layer that is gone"),
}

CASES |= {
    "needs_map_or_vector": (
        lambda: chain((4, 4, 4), ("rows", "reshape", {"shape": (8, 8)}), ("norm", "batch_norm", {}), FLAT),
        "norm",
        "gets 8×8",
    ),
    "repeated_input": (
        lambda: repeated_by("add"),
        "joined",
        "Add repeats the 4×1×1 input over 4×8×8",
    ),
    **{
        code: (lambda layer=layer, size=size: chain(size, ("it", *layer), FLAT), "it", says)
        for code, size, layer, says in (
            ("connection_out_of_range", (4, 8, 8), ("connection_conv2d", {}), "names map 5.*0 to 3"),
            ("map_not_seen", (8, 8, 8), ("connection_conv2d", {}), "map 6, 7 of the 8"),
            ("single_value", (8, 1, 1), ("group_norm", {"groups": 8}), "Group norm of 8×1×1"),
            ("empty_range", (1, 4, 4), ("hardtanh", {"min_val": 2.0}), "1, is not above the smallest, 2"),
            ("no_such_share", (5, 4, 4), ("chunk", {"parts": 3, "index": 3}), "5 channels in 3 parts give 3"),
            (
                "channels_out_of_range",
                (3, 4, 4),
                ("channel_slice", {"start": 1, "stop": 5}),
                "has 3 channels",
            ),
            ("nothing_left", (1, 4, 4), ("crop2d", {"sides": 2}), "leaves nothing of the 4 × 4"),
            ("shape_not_clear", (1, 4, 4), ("reshape", {"shape": (-1, -1)}), "at most one may be −1"),
            ("reshape_mismatch", (1, 4, 4), ("reshape", {"shape": (3, 4)}), "1×4×4 is 16 numbers"),
            ("order_does_not_fit", (1, 4, 4), ("permute", {"order": (0, 1)}), "each axis of 1×4×4 once"),
            ("factor_does_not_divide", (8, 4, 4), ("pixel_shuffle", {"factor": 3}), "8 channels cannot"),
            (
                "output_padding_too_wide",
                (1, 4, 4),
                ("conv_transpose2d", {"output_padding": 2}),
                "2 extra cells at the end are too many",
            ),
            (
                "output_below_one",
                (1, 2, 2),
                ("conv_transpose2d", {"padding": 3}),
                "without it there would be 4 × 4",
            ),
        )
    },
}

FC = ("fc", "linear", {"out_features": 4})
NORM = ("norm", "batch_norm", {})
CASES |= {
    code: (lambda steps=steps: chain((1, 4, 4), *steps), path, says)
    for code, path, says, steps in (
        ("drops_everything", "drop", "with p = 1 nothing", [("drop", "dropout", {"p": 1.0}), FLAT, FC]),
        ("dropout_before_norm", "norm", "that drop has scaled", [("drop", "dropout2d", {}), NORM, FLAT, FC]),
        (
            "repeated_activation",
            "b",
            "follows another ReLU",
            [("a", "relu", {}), ("b", "relu", {}), FLAT, FC],
        ),
        ("bias_before_norm", "conv", "norm behind it", [("conv", "conv2d", {}), NORM, FLAT, FC]),
        ("dropout_at_output", "drop", "at random", [FLAT, FC, ("drop", "dropout", {})]),
        ("norm_at_output", "norm", "others of its batch", [FLAT, FC, NORM]),
        ("activation_at_output", "fc", "want", [FLAT, ("fc", "linear", {"activation": "relu"})]),
    )
}
CASES["too_much_memory"] = (
    lambda: chain(
        (3, 4096, 4096), ("conv", "conv2d", {"out_channels": 64}), ("pool", "global_avg_pool", {}), FLAT
    ),
    "conv",
    r"4\.5 GB of activations, 4\.3 GB of them at conv: a batch of 8 would need 36 GB",
)

FIXES = {  # how many ways out there are for the case above; the others are for a person to decide
    "empty": 0, "unconnected": 2, "concat_mismatch": 2, "repeated_input": 0, "merge_mismatch": 3,
}  # fmt: skip


def test_all_codes_of_the_source_are_here() -> None:
    found: set[str] = set()
    for file in Path(cnn_studio.graph.__file__).parent.rglob("*.py"):
        found |= set(re.findall(r'\b(?:Finding|Problem|failed)\(\s*"([a-z_]+)"', file.read_text()))
    assert found == set(CASES)


def the_problem(document: NetworkDocument, code: str, path: str) -> Problem:
    (found,) = [p for p in problems(document, code) if p.path == path]
    return found


@pytest.mark.parametrize("code", CASES)
def test_problem_is_found_said_and_mended(code: str) -> None:
    make, path, says = CASES[code]
    document = make()
    problem = the_problem(document, code, path)
    assert re.search(says, problem.message)
    assert problem.message.endswith(".")
    assert problem.layer_id == (document.paths[path] if path else None)
    fixes = problem.fixes
    assert len(fixes) == FIXES[code] if code in FIXES else len(fixes) >= 1
    before = content(document)
    stack = CommandStack(document)
    for fix in fixes:
        stack.push(fix.command)
        assert not [p for p in problems(document, code) if p.path == path], f"{fix.label} does not help"
        stack.undo()
        assert content(document) == before
        assert the_problem(document, code, path).message == problem.message
    record = problem.to_json()
    assert [fix["label"] for fix in record["fixes"]] == [fix.label for fix in fixes]


def test_a_loose_end_is_offered_as_the_missing_input() -> None:
    document = without("relu1")
    links = [fix.label for fix in the_problem(document, "unconnected", "relu1").fixes]
    assert links == ["Link from conv1", "Remove this layer"]
    document.drop_link(document.outputs_of(document.paths["input"])[0])
    document.drop_layer(document.paths["conv1"])
    assert the_problem(document, "unconnected", "relu1").fixes[0].label == "Link from input"
    unused_input = the_problem(document, "unused_layer", "input")
    assert [fix.label for fix in unused_input.fixes] == ["Remove this layer"], "an image is no class score"


def test_severities() -> None:
    notes = {"not_tiling": "warning", "unused_layer": "warning", "softmax_before_loss": "warning"}
    notes |= {"repeated_input": "note", "map_not_seen": "warning", "too_much_memory": "warning"}
    notes |= {
        "drops_everything": "warning",
        "dropout_at_output": "warning",
        "activation_at_output": "warning",
    }
    notes |= dict.fromkeys(("dropout_before_norm", "bias_before_norm", "norm_at_output"), "note")
    notes["repeated_activation"] = "note"
    for code, (make, path, _) in CASES.items():
        assert the_problem(make(), code, path).severity == notes.get(code, "error")


def test_a_normalisation_that_fits_follows_the_channels() -> None:
    document = normalised(0.5)
    engine = ShapeEngine(document)
    assert engine.report().ok
    document.change_layer(1, params={"channels": 3, "height": 8, "width": 8})
    assert [p.code for p in engine.report().problems] == ["normalisation_mismatch"]


def test_a_sound_network_has_no_problem() -> None:
    assert codes(tiny_classifier()) == []


def test_layers_behind_a_problem_wait_and_say_nothing() -> None:
    document = chain(
        (1, 4, 4), ("conv", "conv2d", {"kernel_size": 5}), ("relu", "relu", {}), FLAT, ("fc", "linear", {})
    )
    report = infer_shapes(document)
    assert [p.code for p in report.problems] == ["window_too_large"]
    waiting = {document.layer(i).path: state.waits_for for i, state in report.states.items()}
    conv = document.paths["conv"]
    assert waiting == {"input": None, "conv": None, "relu": conv, "flatten": conv, "fc": conv}
    assert report.num_params(document.paths["fc"]) is None
    assert report.output_shape() is None


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: tied(4), "itself"),
        (lambda: tied(2), "flatten, a layer of another type"),
        (lambda: tied(1), "input, a layer of another type"),
        (
            lambda: tied(3, params={"out_features": 9, "activation": "none", "bias": True, "over": "vector"}),
            "other sizes or settings",
        ),
    ],
)
def test_ties_that_cannot_be(make: Callable[[], NetworkDocument], says: str) -> None:
    problem = the_problem(make(), "broken_tie", "fc2")
    assert re.search(says, problem.message)
    (fix,) = problem.fixes
    document = make()
    fix.command.apply(document)
    assert codes(document) == []
    assert document.layer_at("fc2").params == make().layer_at("fc2").params


def test_a_sound_tie_is_no_problem_and_counts_once() -> None:
    document = tied(3)
    assert codes(document) == []
    report = infer_shapes(document)
    assert report.num_params(4) == 0
    assert report.num_params(3) == 16 * 16 + 16


def test_output_width_follows_through_activations() -> None:
    document = chain((1, 4, 4), FLAT, ("fc", "linear", {"out_features": 10}), ("relu", "relu", {}))
    assert fit_output(document, 3) == SetParams(id=document.paths["fc"], changes={"out_features": 3})
    assert fit_output(document, 10) is None
    assert fit_output(chain((1, 4, 4), FLAT), 3) is None
    ends = (("norm", "layer_norm", {}), ("drop", "stochastic_depth", {}), ("scale", "scale_shift", {}))
    document = chain((1, 4, 4), FLAT, ("fc", "linear", {"out_features": 10}), *ends)
    assert fit_output(document, 3) == SetParams(id=document.paths["fc"], changes={"out_features": 3})
    places = chain((1, 4, 4), ("fc", "linear", {"out_features": 10, "over": "last"}), FLAT)
    assert fit_output(places, 3) is None, "so many units at each place are no number of classes"


def test_problems_come_in_the_order_of_the_layers_then_those_of_the_network() -> None:
    document = chain(
        (1, 7, 7),
        ("p1", "max_pool2d", {}),
        ("p2", "max_pool2d", {}),
        ("p3", "max_pool2d", {"kernel_size": 3}),
    )
    document.change_info(output=None)
    found = [(p.path, p.code) for p in infer_shapes(document).problems]
    assert found == [
        ("p1", "not_tiling"),
        ("p2", "not_tiling"),
        ("p3", "window_too_large"),
        ("", "no_output"),
    ]
