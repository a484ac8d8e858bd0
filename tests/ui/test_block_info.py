"""The inspector of blocks and of several layers: what it says of them, and that each edit is one step for all."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QLineEdit, QPushButton

from cnn_studio.app.project import starter_project
from cnn_studio.app.session import Session
from cnn_studio.graph.commands import SetParams, SetTraining
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui.canvas.view import CanvasView
from cnn_studio.ui.panels.inspector import Inspector
from cnn_studio.ui.widgets.elided import ElidedButton
from tests.helpers.ui import events, grab


@pytest.fixture
def session():
    return Session(starter_project(find_starter("resnet18")))


@pytest.fixture
def canvas(session, qtbot):
    view = CanvasView(session)
    view.animated = False
    view.resize(700, 800)
    qtbot.addWidget(view)
    view.show()
    return view


@pytest.fixture
def inspector(session, canvas, qtbot):
    widget = Inspector(session, canvas)
    widget.resize(310, 800)
    qtbot.addWidget(widget)
    widget.show()
    events()
    return widget


def ids(session, *paths):
    return [session.document.layer_at(path).id for path in paths]


def edit_of(info, key):
    return info.fields[key].findChild(QLineEdit)


def rows(info):
    tree = info.inside
    items = (tree.topLevelItem(n) for n in range(tree.topLevelItemCount()))
    return [tuple(item.text(column) for column in range(3)) for item in items]


def test_a_block_shows_what_it_comes_to(inspector, canvas):
    canvas.select_block("layer2.0")
    info = inspector._block
    assert info.isVisible() and not inspector._several.isVisible() and not inspector._info.isVisible()
    assert info.name.text() == "layer2.0"
    said = {name: info.facts.value(name) for name in ("Layers", "Parameters", "MACs", "Shape", "Sees")}
    assert said == {
        "Layers": "9",
        "Parameters": "230,144",
        "MACs": "180 M per image",
        "Shape": "64×56×56 → 128×28×28",
        "Sees": "43 × 43 → 67 × 67 pixels of the image",
    }
    assert rows(info)[0] == ("conv1", "Conv 3×3", "128×28×28")
    assert ("downsample", "× 2 layers", "128×28×28") in rows(info)
    grab(inspector, "inspector-block")


def test_what_is_in_a_block_is_selected_by_a_click(inspector, canvas, session, qtbot):
    canvas.folds.fold("layer2")
    canvas.select_block("layer2")
    tree = inspector._block.inside

    def click(row):
        at = tree.visualItemRect(tree.topLevelItem(row)).center()
        qtbot.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=at)
        events()

    click(1)
    assert inspector._block.name.text() == "layer2.1"
    click(0)
    assert canvas.selection.ids == {*ids(session, "layer2.1.conv1")}
    assert inspector._name.isVisible() and inspector._name.text() == "layer2.1.conv1"


def test_a_block_is_renamed_and_a_taken_name_stays_out(inspector, canvas, session, qtbot):
    canvas.select_block("layer2.0")
    name = inspector._block.name
    for typed, left in (
        ("layer2.first", "layer2.first"),
        ("layer1.0", "layer2.first"),
        ("for", "layer2.first"),
    ):
        name.setFocus()
        name.selectAll()
        qtbot.keyClicks(name, typed)
        qtbot.keyClick(name, Qt.Key.Key_Return)
        assert name.text() == left
        assert f"{left}.conv1" in session.document.paths
    session.stack.undo()
    assert name.text() == "layer2.0" and session.stack.undo_label is None


def test_a_name_typed_for_one_block_never_goes_to_another(inspector, canvas, session, qtbot):
    canvas.select_block("layer2.0")
    inspector._block.name.setFocus()
    inspector._block.name.selectAll()
    qtbot.keyClicks(inspector._block.name, "mine")
    canvas.select_block("layer3.0")
    qtbot.keyClick(inspector._block.name, Qt.Key.Key_Return)
    assert "layer3.0.conv1" in session.document.paths


def test_freezing_has_three_states_and_one_step(inspector, canvas, session):
    canvas.select_block("layer2.0")
    box, layers = inspector._block.freeze, session.document.layers
    members = canvas.selection.ids
    box.click()
    assert not any(layers[i].trainable for i in members) and box.checkState() == Qt.CheckState.Unchecked
    session.stack.undo()
    assert all(layers[i].trainable for i in members)
    session.push(SetTraining(ids=tuple(ids(session, "layer2.0.conv1")), trainable=False))
    assert box.checkState() == Qt.CheckState.PartiallyChecked and "1 of 6 frozen" in box.text()
    box.click()
    assert all(layers[i].trainable for i in members) and box.checkState() == Qt.CheckState.Checked


def test_copies_are_added_and_the_block_is_folded_and_dissolved(inspector, canvas, session, qtbot):
    canvas.select_block("layer2.1")
    info = inspector._block
    info.copies.setValue(3)
    info.repeat.click()
    assert {f"layer2.{n}.conv1" for n in range(5)} <= session.document.paths.keys()
    session.stack.undo()
    assert "layer2.2.conv1" not in session.document.paths
    canvas.select_block("layer2.1")
    fold = next(b for b in info.findChildren(QPushButton) if b.text() == "Fold")
    fold.click()
    assert "layer2.1" in canvas.folds.folded and fold.text() == "Unfold"
    fold.click()
    assert "layer2.1" not in canvas.folds.folded
    next(b for b in info.findChildren(QPushButton) if b.text() == "Ungroup").click()
    assert "layer2.conv1" in session.document.paths


def test_several_layers_show_what_they_share_and_are_edited_in_one_step(inspector, canvas, session, qtbot):
    paths = ("layer1.0.conv1", "layer2.0.conv1", "layer3.0.conv1")
    canvas.selection.select(ids(session, *paths))
    events()
    info = inspector._several
    assert info.isVisible() and info.title.text() == "3 layers"
    assert info.facts.value("Kinds") == "3 Convolution"
    assert info.facts.value("Parameters") == "405,504"
    assert edit_of(info, "kernel_size").text() == "3 × 3"
    width = edit_of(info, "out_channels")
    assert width.text() == "" and width.placeholderText() == "different"
    bias = info.fields["bias"].findChild(QCheckBox)
    assert not bias.isChecked()
    width.setFocus()
    qtbot.keyClicks(width, "48")
    qtbot.keyClick(width, Qt.Key.Key_Return)

    def widths():
        return [session.document.layer_at(path).params["out_channels"] for path in paths]

    assert widths() == [48, 48, 48] and width.text() == "48"
    bias.click()
    assert all(session.document.layer_at(path).params["bias"] for path in paths)
    session.stack.undo()
    session.stack.undo()
    assert widths() == [64, 128, 256] and session.stack.undo_label is None
    session.push(SetParams(id=ids(session, paths[0])[0], changes={"bias": True}))
    assert bias.checkState() == Qt.CheckState.PartiallyChecked
    bias.click()
    assert all(session.document.layer_at(path).params["bias"] for path in paths)
    grab(inspector, "inspector-several")


def test_layers_of_other_types_share_only_what_means_the_same(inspector, canvas, session):
    canvas.selection.select(ids(session, "conv1", "maxpool"))
    assert {"kernel_size", "stride"} <= inspector._several.fields.keys()
    assert "out_channels" not in inspector._several.fields
    canvas.selection.select(ids(session, "conv1", "fc"))
    assert "kernel_size" not in inspector._several.fields
    canvas.selection.select(ids(session, "relu", "fc", "layer1.0.bn1"))
    assert not inspector._several.fields
    kinds = inspector._several.facts.value("Kinds").split(", ")
    assert sorted(kinds) == ["1 Batch norm", "1 Fully connected", "1 ReLU"]


def test_several_layers_become_a_block(inspector, canvas, session):
    canvas.selection.select(ids(session, "conv1", "bn1", "relu"))
    next(b for b in inspector._several.findChildren(QPushButton) if b.text().startswith("Group")).click()
    assert "block1.conv1" in session.document.paths
    assert inspector._block.isVisible() and inspector._block.name.text() == "block1"


def test_a_value_out_of_range_changes_no_layer(inspector, canvas, session, qtbot):
    canvas.selection.select(ids(session, "layer1.0.conv1", "layer2.0.conv1"))
    width = edit_of(inspector._several, "out_channels")
    width.setFocus()
    qtbot.keyClicks(width, "0")
    assert session.stack.undo_label is None
    qtbot.keyClick(width, Qt.Key.Key_Return)
    assert width.text() == "" and session.stack.undo_label is None


@pytest.mark.parametrize("width", [250, 310])
def test_problems_of_a_block_are_named_and_nothing_is_wider_than_the_panel(inspector, canvas, session, width):
    inspector.resize(width, 800)
    (conv,) = ids(session, "layer2.0.conv2")
    session.push(SetParams(id=conv, changes={"out_channels": 100}))
    for select in (
        lambda: canvas.select_block("layer2.0"),
        lambda: canvas.selection.select(ids(session, "layer2.0.add", "conv1")),
        lambda: canvas.selection.select(ids(session, "layer2.0.add")),
    ):
        select()
        events()
        assert inspector._content.minimumSizeHint().width() <= width
        assert inspector._content.width() <= width
        fixes = [button for button in inspector.findChildren(ElidedButton) if button.isVisible()]
        assert fixes
        assert all(
            button.text() in button.toolTip() or button.width() >= button.sizeHint().width()
            for button in fixes
        )
    grab(inspector, f"inspector-mismatch-{width}")


def test_a_block_that_goes_leaves_nothing_behind(inspector, canvas, session):
    canvas.select_block("layer2.0")
    canvas.operations.delete()
    events()
    assert inspector._block.name.text() == "layer1"  # what was before it
    session.stack.undo()
    canvas.select_block("layer1.0")
    session.replace(starter_project(find_starter("mlp")))
    events()
    assert inspector._info.isVisible() and not inspector._block.isVisible()
