"""A word beside the title of a field that helps to fill it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QToolButton
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.widgets.fields import Field


class BesideButton(QToolButton):
    """Stands at the right end of a field's title, above its input, and takes no room of its own.

    Args:
        field: what it helps with.
        text: a word.
        tip: what it does.
    """

    def __init__(self, field: Field, text: str, tip: str) -> None:
        super().__init__(field)
        self._field = field
        self.setText(text)
        self.setToolTip(tip)
        self.setAccessibleName(f"{field.title}: {text}")
        self.setAccessibleDescription(tip)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme.set_role(self, "beside")
        field.installEventFilter(self)
        self._place()

    def _place(self) -> None:
        width, edit = self.sizeHint().width(), self._field.focusProxy()
        height = self.sizeHint().height() if edit is None else edit.y()
        self.setGeometry(self._field.width() - width, 0, width, height)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest, QEvent.Type.Show):
            self._place()
        return super().eventFilter(watched, event)
