"""Asking about the user's own blocks: under which name to keep one, renaming, deleting, and files."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QMessageBox,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.app.my_blocks import MyBlocks
from cnn_studio.app.own_block import MAX_DESCRIPTION, MAX_NAME
from cnn_studio.core.errors import StudioError
from cnn_studio.graph.blocks import totals
from cnn_studio.graph.shapes import ShapeReport
from cnn_studio.ui import theme

_FILES = "Blocks (*.json)"


class NameDialog(QDialog):
    """Asks for a new block's name and description; a name that cannot be is refused as it is typed.

    Attributes:
        name: the field of the name.
        description: the field of the description.
    """

    def __init__(self, blocks: MyBlocks, facts: str, suggestion: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Save to My blocks")
        self._blocks = blocks
        self.name = QLineEdit(suggestion)
        self.name.setMaxLength(MAX_NAME)
        self.name.setAccessibleName("Name")
        self.description = QLineEdit()
        self.description.setMaxLength(MAX_DESCRIPTION)
        self.description.setPlaceholderText("What it is for")
        self.description.setAccessibleName("Description")
        self._wrong = QLabel()
        self._wrong.setWordWrap(True)
        theme.set_role(self._wrong, "error")
        what = QLabel(facts)
        theme.set_role(what, "muted")
        form = QFormLayout()
        form.addRow("Name", self.name)
        form.addRow("Description", self.description)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._save = buttons.addButton("Save", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(what)
        layout.addLayout(form)
        layout.addWidget(self._wrong)
        layout.addWidget(buttons)
        self.name.textChanged.connect(self._check)
        self.setMinimumWidth(theme.px(380))
        self.name.selectAll()
        self._check()

    def _check(self) -> None:
        try:
            self._blocks.check_name(self.name.text())
        except StudioError as error:
            self._wrong.setText(str(error) if self.name.text() else "")
            self._save.setEnabled(False)
        else:
            self._wrong.setText("")
            self._save.setEnabled(True)


class OwnBlockDialogs:
    """The questions about own blocks, over one window.

    Args:
        blocks: the blocks.
        parent: the widget that the dialogs belong to.
        say: shows a sentence to the user.
    """

    def __init__(self, blocks: MyBlocks, parent: QWidget, say: Callable[[str], object]) -> None:
        self._blocks = blocks
        self._parent = parent
        self._say = say

    def save(self, report: ShapeReport, ids: Collection[int], suggestion: str = "") -> None:
        """Ask for a name, and keep some layers of a network under it."""
        if not ids:
            self._say("Select the block or the layers that are to be kept first.")
            return
        sums = totals(report, ids)
        count = "1 layer" if sums.num_layers == 1 else f"{sums.num_layers:,} layers"
        facts = f"{count} with {sums.num_params:,} parameters, to be put into any network like a preset."
        dialog = NameDialog(self._blocks, facts, self._free_name(suggestion), self._parent)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            name, description = dialog.name.text(), dialog.description.text()
            if self._try(lambda: self._blocks.add(report, ids, name, description)):
                self._say(f"{name.strip()} is in the palette now, under My blocks.")
        dialog.deleteLater()

    def menu(self, key: str) -> QMenu:
        """Return the menu of one own block."""
        menu = QMenu(self._parent)
        for text, action in (
            ("Rename…", partial(self.rename, key)),
            ("Export…", partial(self.export, key)),
            ("Delete…", partial(self.delete, key)),
        ):
            menu.addAction(text).triggered.connect(partial(_call, action))
        return menu

    def rename(self, key: str) -> None:
        """Ask for another name."""
        block = self._blocks.find(key)
        if block is None:
            return
        name, is_taken = QInputDialog.getText(
            self._parent, "Rename block", f"Another name for {block.name}", text=block.name
        )
        if is_taken:
            self._try(lambda: self._blocks.rename(key, name))

    def delete(self, key: str) -> None:
        """Ask whether to delete a block, because that cannot be undone."""
        block = self._blocks.find(key)
        if block is None:
            return
        box = QMessageBox(self._parent)
        box.setWindowTitle("Delete block")
        box.setText(f"Delete {block.name} from My blocks? Networks that it was put into keep their layers.")
        delete = box.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        if box.clickedButton() is delete:
            self._try(lambda: self._blocks.delete(key))
        box.deleteLater()

    def export(self, key: str) -> None:
        """Ask for a file, and write a block to it."""
        block = self._blocks.find(key)
        if block is None:
            return
        name, _ = QFileDialog.getSaveFileName(self._parent, "Export block", f"{block.key}.json", _FILES)
        if name:
            self._try(lambda: self._blocks.export(key, Path(name)))

    def take(self) -> None:
        """Ask for a file, and add the block in it."""
        name, _ = QFileDialog.getOpenFileName(self._parent, "Import block", "", _FILES)
        if name:
            self._try(lambda: self._say(f"{self._blocks.take(Path(name)).name} is in the palette now."))

    def _free_name(self, wanted: str) -> str:
        try:
            return self._blocks.check_name(wanted[:MAX_NAME])
        except StudioError:
            return ""

    def _try(self, act: Callable[[], object]) -> bool:
        try:
            act()
        except StudioError as error:
            self._say(str(error))
            return False
        return True


def _call(action: Callable[[], object], _checked: bool = False) -> None:
    action()
