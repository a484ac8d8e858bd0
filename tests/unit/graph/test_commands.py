"""Commands as values: what they refuse, that they can be stored, and that no edit makes a file nobody can open."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from cnn_studio.core.errors import GraphError, ParameterError, StudioError
from cnn_studio.graph.commands import AddLayer, AnyCommand, Macro, SetParams, parse_command
from cnn_studio.graph.document import DocumentChange, Layer, Link, NetworkDocument
from cnn_studio.graph.legality import LinkError, check_link
from cnn_studio.graph.records import from_record, to_record
from tests.helpers.networks import chain, content, tiny_classifier

GOOD: list[dict[str, Any]] = [
    {"command": "add_layer", "id": 70, "path": "new", "type": "relu"},
    {"command": "add_link", "source": 5, "target": 6},
    {"command": "remove_link", "source": 1, "target": 2},
    {"command": "set_params", "id": 2, "changes": {"kernel_size": [5, 5]}},
    {"command": "move_layers", "places": {"1": [3.0, 4.0]}},
    {"command": "rename_layer", "id": 2, "path": "first"},
    {"command": "set_training", "ids": [2, 6], "trainable": False},
    {"command": "set_output", "id": 4},
    {"command": "set_info", "name": "New", "labels": ["a"]},
    {"command": "macro", "text": "two", "commands": [{"command": "set_output", "id": None}]},
]


@pytest.mark.parametrize("record", GOOD, ids=lambda record: record["command"])
def test_each_command_is_read_labelled_carried_out_and_taken_back(record: dict[str, Any]) -> None:
    document = tiny_classifier()
    if record["command"] == "add_link":
        document.drop_link(Link(5, 6))
    before = content(document)
    command = parse_command(record)
    assert parse_command(command.model_dump(mode="json")) == command
    assert command.label
    changes: list[DocumentChange] = []
    document.changed.connect(changes.append)
    inverse = command.apply(document)
    assert content(document) != before
    assert len(changes) == 1
    after = content(document)
    back = parse_command(json.loads(inverse.model_dump_json())).apply(document)
    assert content(document) == before
    back.apply(document)
    assert content(document) == after


NUMBERS = [math.nan, math.inf, -math.inf, 1e400]


@pytest.mark.parametrize(
    "record",
    [None, 1, [], {}, {"command": "explode"}, {"command": "add_layer"}, {"command": "set_output", "id": "x"}]
    + [
        {"command": "set_output", "id": 1, "more": 2},
        {"command": "add_layer", "id": 0, "path": "a", "type": "relu"},
    ]
    + [{"command": "move_layers", "places": {"1": [x, 0.0]}} for x in NUMBERS]
    + [{"command": "add_layer", "id": 9, "path": "a", "type": "relu", "y": y} for y in NUMBERS]
    + [{"command": "set_training", "ids": [1], "lr_factor": f} for f in [*NUMBERS, 0, -1, 1e7]]
    + [
        {"command": "add_layer", "id": 2**60, "path": "a", "type": "relu"},
        {"command": "add_layer", "id": 9, "path": "a", "type": ""},
        {"command": "add_layer", "id": 9, "path": "a", "type": "x" * 101},
        {"command": "add_layer", "id": 9, "path": "a", "type": "relu", "title": "x" * 201},
        {"command": "set_info", "name": ""},
        {"command": "set_info", "name": "x" * 201},
        {"command": "set_info", "preprocessing": {"std": [0.0]}},
    ],
)
def test_records_that_are_no_commands(record: object) -> None:
    with pytest.raises(GraphError, match="This is no command for a network"):
        parse_command(record)


def test_a_macro_that_fails_late_takes_back_what_came_before() -> None:
    document = tiny_classifier()
    before, heard = content(document), []
    document.changed.connect(heard.append)
    good = [parse_command(record) for record in GOOD if record["command"] != "add_link"]
    bad = SetParams(id=2, changes={"kernel_size": 0})
    with pytest.raises(ParameterError):
        Macro(text="all", commands=(*good, Macro(text="inner", commands=(*good[3:5], bad)))).apply(document)
    assert content(document) == before


@pytest.mark.parametrize(
    ("link", "says"),
    [
        (Link(6, 2), "already gets its input from input"),
        (Link(2, 1), "nothing can be linked into it"),
        (Link(2, 2), "linked to itself"),
        (Link(1, 3, 1), "takes one input"),
        (Link(1, 3, -1), "takes one input"),
        (Link(1, 99), "no layer with the number 99"),
        (Link(99, 1), "no layer with the number 99"),
    ],
)
def test_links_that_cannot_be(link: Link, says: str) -> None:
    with pytest.raises(GraphError, match=says):
        check_link(tiny_classifier(), link)


def test_no_edit_closes_a_circle() -> None:
    document = chain((1, 4, 4), ("a", "concat", {}), ("b", "relu", {}), ("c", "relu", {}))
    with pytest.raises(LinkError, match="c cannot feed a, because a already leads to c"):
        check_link(document, Link(4, 2, 1))
    check_link(document, Link(4, 2, 1), allow_cycle=True)


@pytest.mark.parametrize(
    "command",
    [
        AddLayer(id=1, path="other", type="relu"),
        AddLayer(id=9, path="conv1", type="relu"),
        AddLayer(id=9, path="conv1.x", type="relu"),
        AddLayer(id=9, path="no good", type="relu"),
        AddLayer(id=9, path="a", type="conv2d", params={"kernel_size": 0}),
        AddLayer(id=9, path="a", type="relu", params={"slope": 1}),
        parse_command({"command": "remove_layer", "id": 2}),
        parse_command({"command": "remove_layer", "id": 99}),
        parse_command({"command": "remove_link", "source": 1, "target": 3}),
        parse_command({"command": "move_layers", "places": {1: (0, 0), 99: (0, 0)}}),
        parse_command({"command": "set_training", "ids": [1, 99], "trainable": False}),
        parse_command({"command": "set_output", "id": 99}),
        parse_command({"command": "set_params", "id": 99, "changes": {}}),
    ],
)
def test_refused_commands_leave_no_trace(command: AnyCommand) -> None:
    document = tiny_classifier()
    before, heard = to_record(document), []
    document.changed.connect(heard.append)
    with pytest.raises(StudioError) as caught:
        command.apply(document)
    assert str(caught.value).endswith(".")
    assert to_record(document) == before
    assert heard == []


def test_parameters_of_unknown_layers_cannot_be_changed() -> None:
    document = NetworkDocument()
    document.put_layer(Layer(1, "x", "future", {"a": 1}))
    with pytest.raises(GraphError, match="unknown type 'future'"):
        SetParams(id=1, changes={"a": 2}).apply(document)


def test_ids_are_never_used_again() -> None:
    document = tiny_classifier()
    top = document.next_id
    AddLayer(id=top, path="x", type="relu").apply(document).apply(document)
    assert document.next_id == top + 1
    assert from_record(to_record(document)).next_id == top + 1
    assert document.copy().next_id == top + 1
