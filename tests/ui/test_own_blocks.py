"""Keeping blocks from the canvas, and what the palette's menu does to them, by the real dialogs."""

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import (
    QApplication,
    QDialogButtonBox,
    QFileDialog,
    QLineEdit,
    QMenu,
    QMessageBox,
    QPushButton,
)

from cnn_studio.app.my_blocks import MyBlocks
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui.canvas.catalogue import Catalogue
from cnn_studio.ui.canvas.own_blocks import NameDialog, OwnBlockDialogs
from cnn_studio.ui.panels.palette import PalettePanel
from tests.helpers.ui import events, grab, texts


@pytest.fixture
def view(show, tmp_path):
    canvas = show(find_starter("resnet18").build())
    canvas.inserter.catalogue = Catalogue(MyBlocks(tmp_path / "blocks"))
    return canvas


@pytest.fixture
def said(view):
    heard = []
    view.message.connect(heard.append)
    return heard


def answer(act):
    """Let `act` answer the dialog that opens next, and note it if it could not."""
    failed = []

    def later():
        dialog = QApplication.activeModalWidget()
        try:
            act(dialog)
        except (
            AssertionError,
            AttributeError,
            StopIteration,
        ) as error:  # a dialog that nobody answers would stop the test for good
            failed.append(error)
            dialog.reject()

    QTimer.singleShot(0, later)
    return failed


def save_button(dialog):
    return next(
        b for b in dialog.findChild(QDialogButtonBox).buttons() if b.text().replace("&", "") == "Save"
    )


def shelf_of(view):
    return view.inserter.catalogue.blocks


def keep(view, name, description=""):
    def fill(dialog):
        assert isinstance(dialog, NameDialog)
        dialog.name.setText(name)
        dialog.description.setText(description)
        grab(dialog, "save-to-my-blocks")
        save_button(dialog).click()
        if dialog.isVisible():
            dialog.reject()

    failed = answer(fill)
    view.blocks.keep()
    assert not failed


def test_the_selected_block_is_kept_and_stands_in_the_palette(view, said, qtbot):
    palette = PalettePanel(view.context, view.selection, view.inserter.catalogue)
    qtbot.addWidget(palette)
    palette.show()
    view.select_block("layer2.0")
    keep(view, "  Halving <unit> ", "Twice the maps, half the size")
    (block,) = shelf_of(view).blocks
    assert (block.name, block.facts) == ("Halving <unit>", "9 layers · 230,144 parameters")
    assert said == ["Halving <unit> is in the palette now, under My blocks."]
    assert palette.layers.types()[-1] == "mine:halving_unit"
    last = palette.layers.model().index(palette.layers.model().rowCount() - 1, 0)
    assert last.data() == "Halving <unit>"
    assert "Halving &lt;unit&gt;" in last.data(3) and "230,144 parameters" in last.data(3)
    palette.layers.setCurrentIndex(last)
    viewport = palette.layers.viewport()
    for reason in (QContextMenuEvent.Reason.Keyboard, QContextMenuEvent.Reason.Mouse):
        at = palette.layers.visualRect(last).center()
        QApplication.sendEvent(viewport, QContextMenuEvent(reason, at, viewport.mapToGlobal(at)))
        (menu,) = (menu for menu in palette.findChildren(QMenu) if menu.isVisible())
        assert [action.text() for action in menu.actions()] == ["Rename…", "Export…", "Delete…"]
        menu.close()
        events()


def test_a_name_that_cannot_be_is_refused_while_it_is_typed(view, qtbot):
    view.select_block("layer1.0")
    keep(view, "Unit")
    dialog = NameDialog(shelf_of(view), "7 layers", "stem", view)
    qtbot.addWidget(dialog)
    dialog.show()
    save = save_button(dialog)
    assert dialog.name.text() == "stem" and save.isEnabled()
    for name, sentence in (("", ""), ("uNIT", "already is a block 'uNIT'"), ("a\u200bb", "can be seen")):
        dialog.name.setText(name)
        assert not save.isEnabled()
        assert any(sentence in text for text in texts(dialog)) or not sentence
    dialog.name.setText("../../Ünit")
    assert save.isEnabled()


def test_nothing_selected_or_given_up_keeps_nothing(view, said):
    view.blocks.keep()
    assert said == ["Select the block or the layers that are to be kept first."]
    view.select_block("layer1.0")
    failed = answer(lambda dialog: dialog.reject())
    view.blocks.keep()
    assert not failed and not shelf_of(view).blocks


def test_a_disk_that_refuses_is_said(view, said, tmp_path):
    (tmp_path / "blocks").write_text("a file where the folder should be")
    view.select_block("layer1.0")
    keep(view, "Unit")
    assert len(said) == 1 and "could not be saved" in said[0]
    assert not shelf_of(view).blocks


def test_the_menu_renames_exports_deletes_and_imports(view, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    view.select_block("layer1.0")
    keep(view, "Unit")
    shelf = shelf_of(view)
    dialogs = OwnBlockDialogs(shelf, view, view.message.emit)

    def run(text, act):
        failed = answer(act)
        menu = dialogs.menu("unit")
        next(action for action in menu.actions() if action.text() == text).trigger()
        menu.deleteLater()
        events()
        assert not failed

    def retype(dialog):
        dialog.findChild(QLineEdit).setText("Better unit")
        dialog.accept()

    run("Rename…", retype)
    assert shelf.find("unit").name == "Better unit"

    def choose(dialog):
        assert isinstance(dialog, QFileDialog)
        dialog.findChild(QLineEdit).setText(str(tmp_path / "given.json"))
        dialog.accept()

    run("Export…", choose)
    assert (tmp_path / "given.json").exists()

    def press(text):
        def act(dialog):
            assert isinstance(dialog, QMessageBox)
            next(b for b in dialog.findChildren(QPushButton) if b.text().replace("&", "") == text).click()

        return act

    run("Delete…", press("Cancel"))
    assert shelf.find("unit") is not None
    run("Delete…", press("Delete"))
    assert not shelf.blocks
    failed = answer(choose)
    view.blocks.take()
    assert not failed and [block.name for block in shelf.blocks] == ["Better unit"]
    (tmp_path / "given.json").write_text("{}")
    failed = answer(choose)
    view.blocks.take()
    assert not failed and said[-1].startswith("given.json is no block that can be read")
    assert len(shelf.blocks) == 1


def test_files_that_are_damaged_are_named_when_the_palette_opens(qtbot, tmp_path):
    (tmp_path / "bad.json").write_text("[]")
    from cnn_studio.ui.canvas.selection import SelectionModel
    from tests.helpers.canvas import Context, lenet

    palette = PalettePanel(Context(lenet()), SelectionModel(), Catalogue(MyBlocks(tmp_path)))
    qtbot.addWidget(palette)
    with qtbot.waitSignal(palette.message, timeout=1000) as said:
        palette.show()
    assert said.args[0].startswith("bad.json is no block that can be read")
