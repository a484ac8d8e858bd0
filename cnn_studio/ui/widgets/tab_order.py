"""The order in which Tab goes through a form whose fields come and go."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLayout, QWidget


def follow_layout(layout: QLayout) -> None:
    """Let Tab go through a layout's widgets as they are shown; Qt alone goes by when they were made."""
    before: QWidget | None = None
    for widget in _stops(layout):
        if before is not None:
            QWidget.setTabOrder(before, widget)
        before = widget


def _stops(layout: QLayout) -> Iterator[QWidget]:
    for number in range(layout.count()):
        item = layout.itemAt(number)
        widget, inner = (item.widget(), item.layout()) if item is not None else (None, None)
        if inner is not None:
            yield from _stops(inner)
        elif widget is not None:
            if widget.focusProxy() is not None:
                yield widget  # a field and what stands in for it move together; Tab would come back to it otherwise
                continue
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
                yield widget
            below = widget.layout()
            if below is not None:
                yield from _stops(below)
