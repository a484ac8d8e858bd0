"""What the canvas shows of a document, and what it draws anew after an edit."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from cnn_studio.graph.commands import SetParams
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.starters import find_starter
from tests.helpers.canvas import label_of, layer


def test_cards_and_wires_say_what_the_network_is(show):
    view = show()
    card = view.network.cards[layer(view, "C3").id]
    assert card.content.name == "C3"
    assert card.content.caption == "Conv 5×5"
    assert card.content.parameters == "2,416"
    assert label_of(view, "C1", "S2") == "6×28×28"
    out = view.network.cards[layer(view, "OUT").id]
    assert out.content.is_output and out.content.end.startswith("10")


def test_long_vectors_have_their_thousands_separated(show):
    view = show(find_starter("alexnet").build())
    texts = {wire.content.text for wire in view.network.wires.values()}
    assert {"9,216", "4,096"} <= texts


def test_an_error_shows_where_it_is_and_who_waits(show):
    view = show()
    view.edit(SetParams(id=layer(view, "C3").id, changes={"stride": 2}))
    assert view.network.cards[layer(view, "C5").id].content.badge.severity == "error"
    assert view.network.cards[layer(view, "C3").id].content.badge.severity == "warning"
    assert label_of(view, "S4", "C5") == "16×2×2"
    assert label_of(view, "C5", "flatten") == "waits for C5"
    assert label_of(view, "F6", "OUT") == "waits for C5"
    view.context.stack.undo()
    assert label_of(view, "F6", "OUT") == "84"
    assert view.network.cards[layer(view, "C5").id].content.badge is None


def test_an_edit_touches_only_what_it_changes(show):
    view = show()
    before = {path: view.network.cards[i] for path, i in view.context.document.paths.items()}
    contents = {path: card.content for path, card in before.items()}
    view.edit(SetParams(id=layer(view, "F6").id, changes={"out_features": 85}))
    changed = {path for path, card in before.items() if card.content is not contents[path]}
    assert changed == {"F6", "OUT"}
    assert all(view.network.cards[layer(view, path).id] is card for path, card in before.items())


def test_waiting_wires_follow_a_new_name(show):
    view = show()
    view.edit(SetParams(id=layer(view, "C3").id, changes={"stride": 2}))
    view.renamer.open(layer(view, "C5").id)
    view.renamer.field.setText("fifth")
    QTest.keyClick(view.renamer.field, Qt.Key.Key_Return)
    assert label_of(view, "F6", "OUT") == "waits for fifth"


def test_another_document_takes_the_place(show):
    view = show()
    view.selection.select({layer(view, "C1").id})
    view.context.open(find_starter("mlp").build())
    assert {card.content.name for card in view.network.cards.values()} == {
        "input",
        "flatten",
        "fc1",
        "relu1",
        "fc2",
    }
    assert not view.selection.ids
    assert len(view.network.wires) == 4


def test_the_empty_canvas_says_what_to_do(show):
    view = show(NetworkDocument())
    assert view._hint.isVisible() and "palette" in view._hint.text()
    view.append_layer("input")
    assert not view._hint.isVisible()
    view.context.stack.undo()
    assert view._hint.isVisible()
