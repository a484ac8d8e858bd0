"""Folding blocks on the canvas, and what the mouse and the keys do to folded ones."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from cnn_studio.graph.commands import RemoveLink, SetParams, SetTraining
from cnn_studio.graph.document import Link
from cnn_studio.ui.canvas.palette_drag import layer_mime
from tests.helpers.canvas import CTRL, SHIFT, key, layer, snapshot
from tests.helpers.folding import MARK, at, card_of, click, ends, frame_mark, shown, two_stages
from tests.helpers.ui import drag_and_drop, events, press_drag_release


@pytest.fixture
def view(show):
    view = show(two_stages(), 900, 1000)
    view.set_zoom(0.9)
    view.fit()
    return view


def test_the_marks_fold_and_unfold(view):
    before = snapshot(view)
    places = {
        path: (card_of(view, path).x(), card_of(view, path).y()) for path in view.context.document.paths
    }
    click(view, frame_mark(view, "res"))
    assert shown(view) == {"input", "stem", "res", "tail.conv", "tail.pool", "flatten", "out"}
    assert ends(view) >= {("stem", "res"), ("res", "tail.conv")}
    card = card_of(view, "res")
    assert (card.content.caption, card.content.parameters) == ("× 4 layers", f"{2 * (8 * 8 * 9 + 8):,}")
    wire = next(w for w in view.network.wires.values() if w.link.source == card.key)
    assert wire.content.text == "8×16×16"
    click(view, at(view, "res", *MARK))
    assert shown(view) == set(view.context.document.paths)
    assert places == {path: (card_of(view, path).x(), card_of(view, path).y()) for path in places}
    assert snapshot(view) == before
    assert view.context.stack.undo_label is None


def test_folding_closes_the_room_and_nothing_else_moves(view):
    stem, first = card_of(view, "stem").y(), card_of(view, "res.conv1").y()
    below = card_of(view, "out").y() - card_of(view, "flatten").y()
    view.folds.fold("res")
    assert card_of(view, "stem").y() == stem
    assert card_of(view, "res").y() <= first
    assert card_of(view, "res").y() - stem < 110
    assert card_of(view, "out").y() - card_of(view, "flatten").y() == below
    assert card_of(view, "tail.conv").y() - card_of(view, "res").y() < 130


def test_keys_and_double_clicks_fold(view):
    click(view, at(view, "res.relu"))
    key(view, Qt.Key.Key_Up, CTRL)
    assert "res" in shown(view)
    assert view.selection.ids == {*view.network.tree["res"].members}  # nothing selected is out of sight
    key(view, Qt.Key.Key_Return)
    assert "res.add" in shown(view)
    key(view, Qt.Key.Key_Return)
    assert "res" in shown(view)
    key(view, Qt.Key.Key_Down, CTRL)
    assert "res.add" in shown(view)
    view.folds.fold_all()
    assert shown(view) == {"input", "stem", "res", "tail", "flatten", "out"}
    QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at(view, "tail", 30))
    assert "tail.pool" in shown(view)


def test_a_click_selects_all_layers_of_a_block(view):
    view.folds.fold("res")
    click(view, at(view, "res", 40))
    assert view.selection.ids == {*view.network.tree["res"].members}
    assert view.blocks.current.path == "res"
    assert view.blocks.totals.num_layers == 4
    click(view, at(view, "stem", 40), CTRL)
    assert len(view.selection.ids) == 5
    click(view, at(view, "res", 40), CTRL)
    assert view.selection.ids == {layer(view, "stem").id}
    view.folds.unfold("res")
    box = view.network.frames.items["tail"].box
    click(view, view.mapFromScene(QPointF(box.left + 32, box.top + 12)))
    assert view.blocks.current.path == "tail"


def test_dragging_a_folded_block_moves_all_its_layers(view):
    view.folds.fold("res")
    before = {path: layer(view, path) for path in view.context.document.paths}
    start = at(view, "res", 40)
    press_drag_release(view, start, start + QPoint(180, 0), steps=12)
    dx = layer(view, "res.add").x - before["res.add"].x
    assert dx == pytest.approx(180 / view.zoom, abs=2)
    for path, was in before.items():
        now = layer(view, path)
        assert (now.x - was.x, now.y - was.y) == ((dx, 0) if path.startswith("res.") else (0, 0))
    view.context.stack.undo()
    assert {path: layer(view, path) for path in before} == before


def test_a_card_is_dropped_where_it_was_let_go_below_a_folded_block(view):
    view.folds.fold("res")
    start = at(view, "flatten", 40)
    y = card_of(view, "flatten").y()
    press_drag_release(view, start, start + QPoint(150, 20), steps=12)
    assert card_of(view, "flatten").y() - y == pytest.approx(20 / view.zoom, abs=2)
    assert layer(view, "flatten").x == pytest.approx(150 / view.zoom, abs=2)


def test_delete_heals_around_a_folded_block(view):
    view.folds.fold("res")
    click(view, at(view, "res", 40))
    key(view, Qt.Key.Key_Delete)
    assert "res.add" not in view.context.document.paths
    assert view.context.document.sources_of(layer(view, "tail.conv").id) == [layer(view, "stem").id]
    view.context.stack.undo()
    assert "res" in shown(view)  # folded as before


def test_duplicates_of_folded_blocks_are_folded_blocks(view):
    view.folds.fold("res")
    click(view, at(view, "res", 40))
    key(view, Qt.Key.Key_D, CTRL)
    assert {"res", "res2"} <= shown(view)
    key(view, Qt.Key.Key_C, CTRL)
    key(view, Qt.Key.Key_V, CTRL)
    assert "res3.conv1" in view.context.document.paths


def test_a_folded_block_tells_of_problems_and_frozen_layers(view):
    members = view.network.tree["res"].members
    view.folds.fold("res")
    view.edit(SetTraining(ids=members[:1], trainable=False))
    content = card_of(view, "res").content
    assert (content.is_frozen, content.is_half_frozen) == (False, True)
    view.edit(SetTraining(ids=members, trainable=False))
    content = card_of(view, "res").content
    assert (content.is_frozen, content.is_half_frozen) == (True, False)
    assert content.badge is None
    view.edit(SetParams(id=members[0], changes={"kernel_size": (40, 40)}))
    content = card_of(view, "res").content
    assert content.badge.severity == "error"
    assert content.badge.messages[0].startswith("res.conv1: ")
    wire = next(w for w in view.network.wires.values() if w.link.source == card_of(view, "res").key)
    assert wire.content.state == "waits"
    view.context.stack.undo()
    assert card_of(view, "res").content.badge is None


def test_jumping_to_a_hidden_layer_unfolds_its_blocks(view):
    view.folds.fold_all()
    view.reveal(layer(view, "res.relu").id)
    assert "res.relu" in shown(view)
    assert "tail" in shown(view)
    assert view.selection.ids == {layer(view, "res.relu").id}


def test_arrows_walk_over_folded_blocks(view):
    view.folds.fold_all()
    view.selection.select({layer(view, "stem").id})
    key(view, Qt.Key.Key_Down)
    assert view.blocks.current.path == "res"
    key(view, Qt.Key.Key_Down)
    assert view.blocks.current.path == "tail"
    key(view, Qt.Key.Key_Down)
    assert view.selection.ids == {layer(view, "flatten").id}
    key(view, Qt.Key.Key_Up)
    key(view, Qt.Key.Key_Up)
    assert view.blocks.current.path == "res"


def test_a_layer_dropped_on_the_wire_into_a_block_feeds_all_of_it(view):
    view.folds.fold("res")
    wire = next(w for w in view.network.wires.values() if w.link.target == card_of(view, "res").key)
    middle = view.mapFromScene(QPointF(*wire.route.points()[len(wire.route.points()) // 2]))
    assert drag_and_drop(view, layer_mime("relu"), view, middle)
    new = layer(view, "relu1").id
    document = view.context.document
    assert document.sources_of(layer(view, "res.conv1").id) == [new]
    assert document.sources_of(layer(view, "res.add").id) == [layer(view, "res.conv2").id, new]
    view.context.stack.undo()
    assert document.sources_of(layer(view, "res.conv1").id) == [layer(view, "stem").id]


def test_a_layer_dropped_inside_of_a_block_belongs_to_it(view):
    wire = view.network.wires[Link(layer(view, "res.conv1").id, layer(view, "res.relu").id)]
    middle = view.mapFromScene(QPointF(*wire.route.points()[0]) + QPointF(0, 12))
    assert drag_and_drop(view, layer_mime("batch_norm"), view, middle)
    assert "res.bn1" in view.context.document.paths


def test_a_folded_block_is_linked_at_its_result(view):
    view.folds.fold("res")
    press_drag_release(view, at(view, "res", 0, 27), at(view, "flatten", 40))
    assert "takes one input" in view.bubble.text
    view.edit(RemoveLink(source=layer(view, "tail.pool").id, target=layer(view, "flatten").id))
    press_drag_release(view, at(view, "res", 0, 27), at(view, "flatten", 40))
    assert view.context.document.sources_of(layer(view, "flatten").id) == [layer(view, "res.add").id]


def test_renaming_a_folded_block(view):
    view.folds.fold("res")
    click(view, at(view, "res", 40))
    key(view, Qt.Key.Key_F2)
    field = view.renamer.field
    assert field.text() == "res"
    field.setText("stage1")
    QTest.keyClick(field, Qt.Key.Key_Return)
    events()
    assert "stage1.add" in view.context.document.paths
    assert "stage1" in shown(view)  # it stays folded
    view.context.stack.undo()
    assert "res" in shown(view)


def test_group_repeat_and_ungroup_by_keys(view):
    view.selection.select({layer(view, "tail.conv").id, layer(view, "tail.pool").id})
    key(view, Qt.Key.Key_G, CTRL)
    assert "block1.tail.conv" in view.context.document.paths
    assert "block1" in view.network.frames.items
    view.folds.fold("block1")
    assert view.blocks.repeat(2)
    assert {"block1", "block2", "block3"} <= shown(view)
    assert not view.blocks.repeat(4)
    assert "cannot be repeated 4 times" in view.bubble.text
    view.context.stack.undo()
    assert "block2" not in shown(view)
    key(view, Qt.Key.Key_G, CTRL | SHIFT)
    assert "tail.conv" in view.context.document.paths
