"""The freeze tree: real mouse and keys, edits that can be undone, and the same marks everywhere."""

from time import perf_counter

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLineEdit, QStyle, QStyleOptionViewItem

from cnn_studio.app.importing import open_library_network
from cnn_studio.app.preferences import Preferences
from cnn_studio.app.project import starter_project
from cnn_studio.app.runs import RunStore
from cnn_studio.app.session import Session
from cnn_studio.graph.commands import RemoveLink, SetTraining
from cnn_studio.graph.edits import remove_and_heal
from cnn_studio.graph.starters import find_starter
from cnn_studio.transfer.sources import find_source
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.view import CanvasView
from cnn_studio.ui.main_window import MainWindow
from cnn_studio.ui.panels.freeze_model import LAYER, NORM, PARAMS, PLACE, RATE_FACTOR, ROW, walk
from cnn_studio.ui.panels.freeze_tree import FreezeTree
from cnn_studio.ui.panels.inspector import Inspector
from tests.helpers.ui import events, grab

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def session():
    return Session(starter_project(find_starter("resnet18")))


@pytest.fixture
def tree(session, qtbot):
    return shown(session, qtbot)


def shown(session, qtbot, width=860, height=620):
    widget = FreezeTree(session)
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    events()
    return widget


def at(tree, path, column=LAYER):
    index = tree.rows.mapFromSource(tree.model.index_of(path)).siblingAtColumn(column)
    assert index.isValid(), path
    return index


def show_row(tree, path):
    parent = at(tree, path).parent()
    while parent.isValid():
        tree.view.expand(parent)
        parent = parent.parent()
    tree.view.scrollTo(at(tree, path))


def box(tree, path, column=LAYER):
    """Where the tick of a cell is."""
    show_row(tree, path)
    index, view = at(tree, path, column), tree.view
    option = QStyleOptionViewItem()
    view.initViewItemOption(option)
    option.rect = view.visualRect(index)
    view.itemDelegateForIndex(index).initStyleOption(option, index)
    part = QStyle.SubElement.SE_ItemViewItemCheckIndicator
    return view.style().subElementRect(part, option, view).center()


def tick(tree, path, qtbot, column=LAYER):
    qtbot.mouseClick(tree.view.viewport(), Qt.MouseButton.LeftButton, pos=box(tree, path, column))
    events()


def select(tree, *paths):
    tree.view.setFocus()
    for n, path in enumerate(paths):
        show_row(tree, path)
        flags = tree.view.selectionModel().SelectionFlag
        how = flags.Rows | (flags.Select if n else flags.ClearAndSelect)
        tree.view.selectionModel().setCurrentIndex(at(tree, path), how)


def text(tree, path, column):
    return at(tree, path, column).data()


def state(tree, path, column=LAYER):
    return Qt.CheckState(at(tree, path, column).data(Qt.ItemDataRole.CheckStateRole)).name


def frozen(session):
    return {layer.path for layer in session.document.layers.values() if not layer.trainable}


def visible_paths(tree):
    return [index.data(ROW).node.path for index in walk(tree.rows)]


def test_rows_say_what_can_be_frozen(tree):
    assert tree.counts.text() == "Trains 11,689,512 of 11,689,512 parameters"
    top = [path for path in visible_paths(tree) if "." not in path]
    assert top == ["conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc"]
    assert [text(tree, "layer2.0.conv1", n) for n in (LAYER, PARAMS, RATE_FACTOR)] == ["conv1", "73,728", "1"]
    assert text(tree, "layer2.0", PARAMS) == "230,144"
    assert (text(tree, "bn1", NORM), text(tree, "fc", NORM)) == ("adapts", "")
    assert "Conv 7×7, trains" in at(tree, "conv1").data(Qt.ItemDataRole.ToolTipRole)
    assert at(tree, "fc", PLACE).data(Qt.ItemDataRole.AccessibleTextRole) == "100 %"
    grab(tree, "freeze-tree")


def test_a_tick_freezes_a_layer_and_undo_brings_it_back(tree, session, qtbot):
    tick(tree, "layer1.0.conv1", qtbot)
    assert frozen(session) == {"layer1.0.conv1"}
    assert [state(tree, path) for path in ("layer1.0.conv1", "layer1.0", "layer1", "layer2")] == [
        "Unchecked", "PartiallyChecked", "PartiallyChecked", "Checked",
    ]  # fmt: skip
    assert text(tree, "layer1.0", PARAMS) == "37.1 k of 74.0 k"
    assert "37,120 of 73,984" in at(tree, "layer1.0", PARAMS).data(Qt.ItemDataRole.ToolTipRole)
    assert tree.counts.text() == "Trains 11,652,648 of 11,689,512 parameters"
    session.stack.undo()
    tree.refresh()
    assert not frozen(session) and state(tree, "layer1") == "Checked"
    session.stack.redo()
    tree.refresh()
    assert state(tree, "layer1.0.conv1") == "Unchecked"


def test_the_tick_of_a_block_is_for_all_in_it_and_one_step(tree, session, qtbot):
    tick(tree, "layer1.0.bn2", qtbot)
    tick(tree, "layer1", qtbot)  # trains in part: everything in it trains again
    assert not frozen(session)
    tick(tree, "layer1", qtbot)
    members = {path for path in visible_paths(tree) if path.startswith("layer1.")}
    held = frozen(session)
    assert held <= members and len(held) == 8  # ReLU and sums have nothing to freeze
    assert text(tree, "layer1.0.bn2", NORM) == "keeps"
    session.stack.undo()
    assert not frozen(session)


def test_marks_of_layers_without_weights_go_with_the_block(tree, session, qtbot):
    relu = session.document.layer_at("layer1.0.relu").id
    session.push(SetTraining(ids=(relu,), trainable=False))
    session.push(SetTraining(ids=(session.document.paths["layer1.0.conv1"],), trainable=False))
    tree.refresh()
    tick(tree, "layer1.0", qtbot)
    assert not frozen(session)


def test_the_space_bar_and_arrows(tree, session, qtbot):
    select(tree, "conv1")
    qtbot.keyClick(tree.view, Qt.Key.Key_Space)
    assert frozen(session) == {"conv1"}
    qtbot.keyClick(tree.view, Qt.Key.Key_Down)
    qtbot.keyClick(tree.view, Qt.Key.Key_Space)
    assert frozen(session) == {"conv1", "bn1"}
    select(tree, "conv1", "layer4.0.conv1")
    qtbot.keyClick(tree.view, Qt.Key.Key_Space)  # one of them is frozen: both train
    assert frozen(session) == {"bn1"}
    qtbot.keyClick(tree.view, Qt.Key.Key_Space)
    assert frozen(session) == {"conv1", "bn1", "layer4.0.conv1"}
    session.stack.undo()
    assert frozen(session) == {"bn1"}


def test_searching_and_freezing_what_was_found(tree, session, qtbot):
    qtbot.keyClick(tree.view, Qt.Key.Key_F, CTRL)
    assert tree.search.hasFocus()
    tree.view.collapseAll()
    tree.view.expand(at(tree, "layer1"))
    qtbot.keyClicks(tree.search, "bn1")
    assert "layer4.1.bn1" in visible_paths(tree) and "layer4.1.bn2" not in visible_paths(tree)
    assert tree.view.isExpanded(at(tree, "layer4.1"))
    qtbot.keyClick(tree.search, Qt.Key.Key_Down)
    assert tree.view.hasFocus() and tree.view.currentIndex().data(ROW).node.path == "bn1"
    qtbot.keyClick(tree.view, Qt.Key.Key_A, CTRL)
    qtbot.keyClick(tree.view, Qt.Key.Key_Space)
    assert len(frozen(session)) == 9 and all(path.endswith("bn1") for path in frozen(session))
    tree.search.setFocus()
    qtbot.keyClick(tree.search, Qt.Key.Key_Escape)
    assert "layer4.1.bn2" in visible_paths(tree)
    assert tree.view.isExpanded(at(tree, "layer1")) and not tree.view.isExpanded(at(tree, "layer4"))
    qtbot.keyClicks(tree.search, "batch norm")
    assert "layer4.1.bn2" in visible_paths(tree) and "conv1" not in visible_paths(tree)
    grab(tree, "freeze-tree-search")


def test_rates_are_typed_for_layers_and_blocks(tree, session, qtbot):
    tick(tree, "layer3.0.conv1", qtbot)
    select(tree, "layer3")
    qtbot.keyClick(tree.view, Qt.Key.Key_F2)
    field = tree.view.findChild(QLineEdit)
    assert field.text() == "1"
    qtbot.keyClicks(field, "0.1")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    events()
    layers = session.document
    assert {layers.layer(i).lr_factor for i in tree.model.row(tree.model.index_of("layer3.1")).node.ids} == {
        0.1
    }
    assert layers.layer_at("layer3.0.conv1").lr_factor == 1.0  # frozen, it has no rate
    assert [text(tree, path, RATE_FACTOR) for path in ("layer3", "layer3.0.conv1", "layer2")] == [
        "0.1",
        "",
        "1",
    ]
    session.stack.undo()
    assert layers.layer_at("layer3.1.conv1").lr_factor == 1.0
    said = []
    tree.message.connect(said.append)
    before = session.stack.undo_label
    tree.model.setData(tree.model.index_of("fc").siblingAtColumn(RATE_FACTOR), "-2")
    assert said and "0" in said[0] and session.stack.undo_label == before
    assert not at(tree, "layer3.0.conv1", RATE_FACTOR).flags() & Qt.ItemFlag.ItemIsEditable


def test_the_policy_of_batch_norms(tree, session, qtbot):
    tick(tree, "layer2.0.bn1", qtbot, NORM)
    assert session.document.layer_at("layer2.0.bn1").keep_statistics
    assert (text(tree, "layer2.0.bn1", NORM), text(tree, "layer2", NORM)) == ("keeps", "some keep")
    tick(tree, "layer2", qtbot, NORM)
    kept = [layer.path for layer in session.document.layers.values() if layer.keep_statistics]
    assert len(kept) == 5 and all(path.startswith("layer2") for path in kept)
    session.stack.undo()
    tick(tree, "layer2.0.bn1", qtbot)
    assert text(tree, "layer2.0.bn1", NORM) == "keeps"
    assert at(tree, "layer2.0.bn1", NORM).data(Qt.ItemDataRole.CheckStateRole) is None


def test_quick_picks(tree, session, qtbot):
    tree.picks.head.click()
    assert tree.counts.text() == "Trains 513,000 of 11,689,512 parameters"
    assert "fc" in tree.picks.head.toolTip()
    steps = session.stack.undo_label
    tree.picks.head.click()  # it is so already: no empty step
    session.stack.undo()
    assert (steps, session.stack.undo_label) == ("freeze all but the head", None)
    tree.picks.stage_menu.aboutToShow.emit()
    entries = {action.text(): action for action in tree.picks.stage_menu.actions()}
    assert list(entries) == ["layer1", "layer2", "layer3", "layer4", "fc"]
    entries["layer4"].trigger()
    assert (state(tree, "layer3"), state(tree, "layer4")) == ("Unchecked", "Checked")
    tree.picks.norm_menu.actions()[0].trigger()
    assert state(tree, "layer4") == "PartiallyChecked"
    tree.picks.count.setValue(5)
    tree.picks.first.click()
    assert (state(tree, "layer1"), state(tree, "layer2"), state(tree, "bn1")) == (
        "Unchecked", "Checked", "Unchecked",
    )  # fmt: skip
    tree.picks.nothing.click()
    assert not frozen(session)


def test_the_head_can_be_said(tree, session):
    tree.set_head([session.document.paths["layer4.1.conv2"], session.document.paths["fc"]])
    tree.refresh()
    tree.picks.head.click()
    assert (state(tree, "layer4.1.conv2"), state(tree, "fc"), state(tree, "layer4.1.conv1")) == (
        "Checked", "Checked", "Unchecked",
    )  # fmt: skip


def test_the_price_and_what_to_look_out_for(tree, session):
    assert not tree.cost.isVisible() and not tree.warning.isVisible()
    tree.set_epoch_estimate(lambda: 42.4)
    tree.refresh()
    assert tree.cost.text() == "about 0:42 an epoch"
    tree.picks.head.click()
    assert tree.cost.text() == "about 0:42 an epoch · a step costs about 33 % of training all layers"
    assert "start from new weights" in tree.warning.text()
    session.set_settings(session.settings.model_copy(update={"start": "trained"}))
    tree.refresh()
    assert "no trained weights yet" in tree.warning.text()
    session.push(SetTraining(ids=(session.document.paths["fc"],), trainable=False))
    tree.refresh()
    assert "Nothing is left to train" in tree.warning.text()


def test_a_source_with_its_weights_needs_no_warning(qtbot):
    session = Session(open_library_network(find_source("efficientnet_lite0").full_name).project)
    session.set_settings(session.settings.model_copy(update={"start": "trained"}))
    tree = shown(session, qtbot)
    tree.picks.head.click()
    assert tree.counts.text() == "Trains 1,281,000 of 4,652,008 parameters"
    assert not tree.warning.isVisible()
    assert {layer.path for layer in session.document.layers.values() if layer.trainable} >= {"classifier"}
    tree.picks.stage_menu.aboutToShow.emit()
    assert [a.text() for a in tree.picks.stage_menu.actions()][:2] == ["blocks.0", "blocks.1"]


def test_canvas_inspector_and_tree_show_the_same(tree, session, qtbot):
    canvas = CanvasView(session)
    canvas.animated = False
    qtbot.addWidget(canvas)
    canvas.resize(700, 700)
    canvas.show()
    inspector = Inspector(session, canvas)
    qtbot.addWidget(inspector)
    inspector.show()
    tree.layer_selected.connect(canvas.reveal)
    tree.block_selected.connect(canvas.select_block)
    tick(tree, "layer1", qtbot)
    tree.activateWindow()
    tree.view.setFocus()
    qtbot.waitUntil(tree.view.hasFocus)
    select(tree, "layer1.0.conv1")
    assert canvas.selection.current == session.document.paths["layer1.0.conv1"]
    assert canvas.network.cards[canvas.selection.current].content.is_frozen
    select(tree, "layer1")
    events()
    assert inspector._block.name.text() == "layer1" and inspector._block.freeze.text() == "frozen"
    canvas.folds.fold("layer1")
    cards = [card.content for card in canvas.network.cards.values() if card.content.is_block]
    assert [card.name for card in cards if card.is_frozen] == ["layer1"]
    canvas.select_block("layer1")
    canvas.operations.set_frozen(False)
    tree.refresh()
    assert state(tree, "layer1") == "Checked"


def test_it_follows_the_document_and_other_projects(tree, session, qtbot):
    session.push(remove_and_heal(session.document, [session.document.paths["layer4.1.conv2"]]))
    tree.refresh()
    assert "layer4.1.conv2" not in visible_paths(tree)
    (link,) = session.document.inputs_of(session.document.paths["fc"])
    session.push(RemoveLink(source=link.source, target=link.target, port=link.port))
    tree.refresh()
    assert text(tree, "fc", PARAMS) == "–"
    session.replace(starter_project(find_starter("lenet5")))
    qtbot.waitUntil(lambda: "C1" in visible_paths(tree))
    assert tree.view.isColumnHidden(NORM) and not tree.picks.norms.isVisible()
    session.push(remove_and_heal(session.document, list(session.document.layers)))
    qtbot.waitUntil(lambda: not visible_paths(tree))
    assert not tree.view.isVisible() and not tree.picks.head.isEnabled()


def test_rows_keep_their_place_while_marks_change(tree, session, qtbot):
    tick(tree, "layer4.1.conv2", qtbot)
    select(tree, "layer4.1.conv2")
    top = tree.view.verticalScrollBar().value()
    assert top > 0
    session.push(SetTraining(ids=(session.document.paths["conv1"],), trainable=False))
    tree.refresh()
    assert tree.view.verticalScrollBar().value() == top
    assert tree.view.currentIndex().data(ROW).node.path == "layer4.1.conv2"


def test_large_networks_stay_quick(qtbot):
    session = Session(starter_project(find_starter("resnet152")))
    tree = shown(session, qtbot)
    took = []
    for pick in (tree.picks.head, tree.picks.nothing, tree.picks.head):
        start = perf_counter()
        pick.click()
        tree.view.viewport().repaint()
        took.append(perf_counter() - start)
    assert min(took) < 0.25
    assert tree.counts.text() == "Trains 2,049,000 of 60,192,808 parameters"


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_narrow_and_large_text(session, qtbot, mode):
    theme.manager().set_mode(mode)
    theme.manager().set_font_size(13)
    tree = shown(session, qtbot, 420, 520)
    tree.picks.head.click()
    events()
    hidden = [column for column in range(5) if tree.view.isColumnHidden(column)]
    assert PLACE in hidden and LAYER not in hidden and PARAMS not in hidden
    assert tree.view.columnWidth(LAYER) >= 150
    for widget in (tree.picks.head, tree.picks.first, tree.counts):
        assert tree.rect().contains(widget.mapTo(tree, QPoint(widget.width() - 1, 0)))
    grab(tree, f"freeze-tree-narrow-{mode}")


def test_the_window_opens_it_and_selects_on_the_canvas(qtbot, tmp_path):
    session = Session(starter_project(find_starter("lenet5")))
    window = MainWindow(session, Preferences(welcomed=True), RunStore(tmp_path))
    qtbot.addWidget(window)
    window.actions_.all["freeze_layers"].trigger()
    tree = window.tools.freezing
    assert tree.isVisible() and not tree.window().isModal()
    tree.view.setFocus()
    qtbot.waitUntil(tree.view.hasFocus)
    select(tree, "F6")
    assert window.selection.current == session.document.paths["F6"]
    tree.picks.head.click()
    assert session.document.layer_at("OUT").trainable and not session.document.layer_at("F6").trainable
    window.undo()
    assert session.document.layer_at("F6").trainable
    session.stack.mark_clean()
    tree.window().close()
    window.close()
