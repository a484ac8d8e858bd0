"""Layers as text: from one window to another and back; text that is something else changes nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QGuiApplication

from cnn_studio.core.errors import FileFormatError
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui.canvas import clipboard
from tests.helpers.canvas import layer, residual, snapshot


def text_of(document, *paths):
    return clipboard.to_text(document, [document.layer_at(path).id for path in paths])


def changed(text, **values):
    return json.dumps({**json.loads(text), **values})


def with_layer(text, **values):
    record = json.loads(text)
    record["layers"][0].update(values)
    return json.dumps(record)


def test_layers_go_from_one_window_to_another_as_text(show):
    one, other = show(residual()), show(NetworkDocument())
    ids = [layer(one, path).id for path in ("a1", "a2", "a3")]
    one.selection.select(ids)
    one.operations.copy()
    assert json.loads(QGuiApplication.clipboard().text())["kind"] == "cnn-studio-layers"
    for times in (1, 2):
        other.operations.paste()
        assert len(other.context.document.layers) == 3 * times
    document = other.context.document
    assert document.paths.keys() == {f"a{number}" for number in range(1, 7)}
    assert document.sources_of(document.paths["a5"]) == [document.paths["a4"]]
    assert document.layer_at("a4").params == layer(one, "a1").params
    other.context.stack.undo()
    other.context.stack.undo()
    assert not document.layers and other.context.stack.undo_label is None


def test_a_copied_block_stays_together_under_a_free_name(show):
    view = show(find_starter("resnet18").build())
    view.select_block("layer1.0")
    view.operations.copy()
    view.operations.paste()
    paths = view.context.document.paths
    assert "layer1.2.conv1" in paths and "layer1.2.bn2" in paths


def damaged(text):
    """Return texts that are no layers, by what is wrong with them."""
    record = json.loads(text)
    no_end = {**record, "links": [{"source": 1, "target": 99, "port": 0}]}
    circle = {
        **record,
        "links": [{"source": 2, "target": 3, "port": 0}, {"source": 3, "target": 2, "port": 0}],
    }
    return {
        "nothing": "",
        "words": "Conv 3×3, 64 filters",
        "a number": "17",
        "a list": "[1, 2]",
        "other JSON": '{"layers": []}',
        "half of it": text[: len(text) // 2],
        "braces": "{" * 100_000,
        "no kind": changed(text, kind=None),
        "no layers": changed(text, layers=[], links=[]),
        "layers of another kind": changed(text, layers="conv"),
        "an unknown field": changed(text, owner="me"),
        "two with one number": changed(text, layers=[record["layers"][0]] * 2),
        "a link to nowhere": json.dumps(no_end),
        "a circle": json.dumps(circle),
        "a path that is none": with_layer(text, path="../../x"),
        "a reserved name": with_layer(text, path="forward"),
        "half a letter": with_layer(text, path="\ud800"),
        "a parameter out of range": with_layer(text, params={"out_channels": -5}),
        "an unknown parameter": with_layer(text, params={"eval": "1"}),
        "a place nowhere": with_layer(text, position=[float("nan"), 0.0]),
        "a huge number": text.replace('"id": 2', '"id": ' + "9" * 5000),
    }


@pytest.mark.parametrize("kind", damaged(text_of(residual(), "a1", "a2", "a3")))
def test_text_that_is_no_layers_gives_a_sentence_and_changes_nothing(show, qtbot, kind):
    view = show(residual())
    text = damaged(text_of(residual(), "a1", "a2", "a3"))[kind]
    before = snapshot(view)
    # a lone half of a letter cannot be on a clipboard, but its JSON escape can
    QGuiApplication.clipboard().setText(text)
    with qtbot.waitSignal(view.message, timeout=1000) as said:
        view.operations.paste()
    sentence = said.args[0]
    assert 20 < len(sentence) < 400 and sentence.endswith(".") and "\n" not in sentence
    assert "file" not in sentence, "nobody opened one"
    assert snapshot(view) == before and view.context.stack.undo_label is None


def test_names_of_blocks_in_a_text_cannot_do_harm(show):
    view = show(find_starter("resnet18").build())
    text = text_of(view.context.document, "layer1.0.conv1", "layer1.0.bn1")
    names = ["layer1", "layer1.0", "layer1", "nowhere", "", "layer1.0.conv1", 7, None, ["x"]]
    QGuiApplication.clipboard().setText(changed(text, blocks=names))
    before = snapshot(view)
    view.operations.paste()
    document = view.context.document
    assert {"layer5.0.conv1", "layer5.0.bn1"} <= document.paths.keys()
    view.context.stack.undo()
    assert snapshot(view) == before


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["layers", "links", "blocks", "id", "path", "type", "params", "source"]), inner, max_size=4)))  # fmt: skip
def test_whatever_json_is_read_or_refused_by_name(value):
    record = value if isinstance(value, dict) else {"layers": value}
    try:
        part, blocks = clipboard.from_text(json.dumps({"kind": "cnn-studio-layers", **record}))
    except FileFormatError as error:
        assert str(error)
    else:
        assert part.layers and all(part.is_block(path) for path in blocks)
