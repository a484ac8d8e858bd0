"""The list of keys as a window: what the canvas does with keys and mouse, and what the menus do."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from cnn_studio.ui import theme
from cnn_studio.ui.canvas.keys import groups

_COLUMNS = (("Look around", "Edit"), ("Wires", "Align", "Blocks"), ("Mouse", "Menus"))
_WIDTH, _HEIGHT = 1180, 620


class KeysDialog(QDialog):
    """All keys by what they are for.

    Attributes:
        rows: what the list says: heading, keys, and what they do.
    """

    def __init__(self, parent: QWidget, menus: list[tuple[str, str]]) -> None:
        """Make the list; `menus` has keys and names of the window's actions."""
        super().__init__(parent)
        self.setWindowTitle("Keys")
        found = {name: [(row.keys, row.text) for row in rows] for name, rows in groups()}
        if menus:
            found["Menus"] = menus
        self.rows = [(name, *row) for name, rows in found.items() for row in rows]
        inner = QWidget()
        columns = QHBoxLayout(inner)
        columns.setSpacing(theme.px(theme.current().space.xl))
        for names in _COLUMNS:
            columns.addWidget(self._column([(name, found[name]) for name in names if name in found]), 1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(inner)
        layout = QVBoxLayout(self)
        layout.addWidget(area)
        room = (parent.screen() or self.screen()).availableGeometry().size() * 0.94
        self.resize(min(theme.px(_WIDTH), room.width()), min(theme.px(_HEIGHT), room.height()))

    def _column(self, parts: list[tuple[str, list[tuple[str, str]]]]) -> QWidget:
        column = QWidget()
        grid = QGridLayout(column)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(theme.px(5))
        grid.setHorizontalSpacing(theme.px(12))
        grid.setColumnStretch(1, 1)
        line = 0
        for name, rows in parts:
            heading = QLabel(name)
            theme.set_role(heading, "strong")
            if line:
                grid.setRowMinimumHeight(line, theme.px(10))
            grid.addWidget(heading, line + 1, 0, 1, 2)
            line += 2
            for keys, text in rows:
                shown, said = QLabel(keys), QLabel(text)
                theme.set_role(shown, "mono")
                theme.set_role(said, "muted")
                for label in (shown, said):
                    label.setWordWrap(True)
                    label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
                shown.setFixedWidth(theme.px(126))
                grid.addWidget(shown, line, 0)
                grid.addWidget(said, line, 1)
                line += 1
        grid.setRowStretch(line, 1)
        return column


def show_keys(over: QWidget) -> KeysDialog:
    """Open the list over a widget, with the keys of its window's menus."""
    actions = over.window().findChildren(QAction)
    menus = [
        (action.shortcut().toString(), action.text().rstrip("…"))
        for action in actions
        if not action.shortcut().isEmpty()
    ]
    dialog = KeysDialog(over, menus)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
    return dialog
