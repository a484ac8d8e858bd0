"""What is folded: when networks are opened and saved, when they run to the right, and by selections elsewhere."""

import pytest
from PySide6.QtCore import Qt

from cnn_studio.app.preferences import Preferences
from cnn_studio.app.project import load_project, starter_project
from cnn_studio.app.runs import RunStore
from cnn_studio.app.session import Session
from cnn_studio.graph.commands import MoveLayers
from cnn_studio.graph.document import Link
from cnn_studio.graph.layout import arrange
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui.canvas import style
from cnn_studio.ui.canvas.view import CanvasView
from cnn_studio.ui.main_window import MainWindow
from tests.helpers.canvas import key, layer, snapshot
from tests.helpers.folding import at, card_of, click, shown, two_stages
from tests.helpers.ui import press_drag_release


@pytest.fixture
def view(show):
    view = show(two_stages(), 900, 1000)
    view.set_zoom(0.9)
    view.fit()
    return view


def test_large_networks_open_folded_and_small_ones_do_not(show):
    view = show(find_starter("resnet18").build())
    assert {"conv1", "layer1", "layer4", "fc"} <= shown(view)
    assert len(view.network.cards) < 15
    view.folds.unfold("layer1")
    assert {"layer1.0", "layer1.1"} <= shown(view)
    view.context.open(two_stages())
    assert shown(view) == set(view.context.document.paths)
    view.context.open(find_starter("resnet18").build())
    assert "layer1" in shown(view)


def test_stale_and_strange_names_of_folded_blocks_mean_nothing(show):
    view = show(two_stages())
    view.context.view = view.context.view.model_copy(
        update={"folded": frozenset({"nowhere", "stem", "tail"})}
    )
    view.network.rebuild()
    assert shown(view) == {*(p for p in view.context.document.paths if not p.startswith("tail")), "tail"}


def test_a_network_may_run_to_the_right(view):
    before = snapshot(view)
    view.operations.run_to("right")
    assert [layer(view, path).y for path in ("input", "stem", "res.add", "out")] == [0, 0, 0, 0]
    assert {i: (k.x, k.y) for i, k in view.context.document.layers.items()} == arrange(
        view.context.document, "right"
    )
    for link, wire in view.network.wires.items():
        start, end = wire.route.points()[0], wire.route.points()[-1]
        source, target = view.network.cards[link.source], view.network.cards[link.target]
        assert start == (source.x() + style.CARD.right(), source.y())
        assert end == (target.x() + style.CARD.left(), target.y())
    box = view.network.wires[Link(layer(view, "input").id, layer(view, "stem").id)].label_box
    assert box.bottom < 0  # above the wire
    view.folds.fold("res")
    assert card_of(view, "tail.conv").x() - card_of(view, "res").x() < 380
    key(view, Qt.Key.Key_Right)
    key(view, Qt.Key.Key_Right)
    assert view.selection.ids == {layer(view, "stem").id}
    view.operations.run_to("down")
    assert {i: (k.x, k.y) for i, k in view.context.document.layers.items()} == {
        i: (k.x, k.y) for i, k in before[0].items()
    }


def test_hidden_layers_can_move_without_a_trace(view):
    view.folds.fold("res")
    relu = layer(view, "res.relu")
    view.edit(MoveLayers(places={relu.id: (relu.x + 5, relu.y)}))
    assert (layer(view, "res.relu").x, "res" in shown(view)) == (relu.x + 5, True)


def test_what_is_folded_is_saved_and_is_no_edit(qtbot, tmp_path):
    session = Session(starter_project(find_starter("resnet18")))
    view = CanvasView(session)
    qtbot.addWidget(view)
    view.folds.unfold("layer2")
    assert not session.is_modified
    session.save(tmp_path / "r.cnnstudio")
    again = CanvasView(Session(load_project(tmp_path / "r.cnnstudio")))
    qtbot.addWidget(again)
    assert shown(again) == shown(view)
    assert {"layer1", "layer2.0", "layer2.1"} <= shown(again)


def test_a_frame_holds_the_cards_and_the_wires_of_its_block(view):
    box = view.network.frames.items["res"].box
    shortcut = next(w for w in view.network.wires.values() if w.route.lane is not None)
    for path in ("res.conv1", "res.relu", "res.conv2", "res.add"):
        card = view.network.index.box(layer(view, path).id)
        assert (
            box.left < card.left
            and card.right < box.right
            and box.top < card.top
            and card.bottom < box.bottom
        )
    assert not box.meets(view.network.index.box(layer(view, "stem").id))
    assert shortcut.link.target == layer(view, "res.add").id


def test_a_rubber_band_selects_whole_blocks(view):
    view.folds.fold_all()
    press_drag_release(view, at(view, "stem", -150, -30), at(view, "res", 150, 30))
    assert view.selection.ids == {layer(view, "stem").id, *view.network.tree["res"].members}


def test_a_layer_is_appended_behind_a_selected_block(view):
    view.folds.fold("res")
    click(view, at(view, "res", 40))
    view.append_layer("dropout")
    new = layer(view, "dropout1").id
    assert view.context.document.sources_of(new) == [layer(view, "res.add").id]
    assert view.context.document.sources_of(layer(view, "tail.conv").id) == [new]


def test_selecting_a_hidden_layer_elsewhere_shows_it(view):
    view.folds.fold_all()
    view.selection.select({layer(view, "tail.pool").id})
    assert "tail.pool" in shown(view)
    assert "res" in shown(view)
    view.selection.select({*view.network.tree["res"].members})
    assert "res" in shown(view)


def test_deleting_selects_the_block_before_not_a_layer_in_it(view):
    view.folds.fold("res")
    click(view, at(view, "tail.conv", 40))
    key(view, Qt.Key.Key_Delete)
    assert "res" in shown(view)
    assert view.blocks.current.path == "res"


def test_the_menu_folds_groups_and_turns(qtbot, tmp_path):
    def leave(window):
        window.training.shut_down(20)
        window._refresh_timer.stop()
        window.session.stack.mark_clean()

    window = MainWindow(
        Session(starter_project(find_starter("resnet18"))), Preferences(), RunStore(tmp_path / "runs")
    )
    qtbot.addWidget(window, before_close_func=leave)
    network = next(action for action in window.menuBar().actions() if action.text() == "&Network").menu()
    entries = {action.text().partition("\t")[0]: action for action in network.actions()}
    canvas = window.workspace.canvas
    entries["Unfold all"].trigger()
    assert len(canvas.network.cards) == len(window.session.document.layers)
    entries["Fold to depth 2"].trigger()
    assert {"layer1.0", "layer1.1", "layer4.1"} <= shown(canvas)
    entries["Fold all"].trigger()
    assert "layer1" in shown(canvas)
    canvas.select_block("layer1")
    entries["Unfold"].trigger()
    assert "layer1.0" in shown(canvas)
    canvas.select_block("layer1.0")
    entries["Ungroup"].trigger()
    assert "layer1.conv1" in window.session.document.paths
    turned = {action.text(): action for action in entries["Direction"].menu().actions()}
    turned["From left to right"].trigger()
    assert window.session.view.direction == "right"
    assert canvas.network.picture.direction == "right"
