"""The kit of the window's tests: real mouse, keys and drag-and-drop events, and pictures of widgets."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QImage,
    QMouseEvent,
    QPixmap,
)
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QLabel, QWidget

_LEFT = Qt.MouseButton.LeftButton
_NO_KEYS = Qt.KeyboardModifier.NoModifier


def as_array(picture: QPixmap | QImage) -> np.ndarray:
    """Return a copy of the pixels as uint8 [H, W, 4] in the order red, green, blue, alpha."""
    image = picture.toImage() if isinstance(picture, QPixmap) else picture
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 4 * image.width()].reshape(image.height(), image.width(), 4).copy()


def grab(widget: QWidget, name: str | None = None) -> np.ndarray:
    """Return the widget's pixels, uint8 [H, W, 4]; save a PNG too where CNN_STUDIO_TEST_PICTURES is set.

    Args:
        widget: drawn with its children, shown or not.
        name: file name without ending; None saves nothing.
    """
    pixmap = widget.grab()
    folder = os.environ.get("CNN_STUDIO_TEST_PICTURES")
    if folder and name:
        path = Path(folder) / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not pixmap.save(str(path)):
            raise OSError(f"could not save {path}")
    return as_array(pixmap)


def events(rounds: int = 3) -> None:
    """Let Qt handle what is pending, and what that causes, without waiting for time to pass."""
    for _ in range(rounds):
        QApplication.sendPostedEvents()
        QApplication.processEvents()


def receiver(widget: QWidget) -> QWidget:
    """Return the widget that gets mouse and drop events: the viewport of views and scroll areas."""
    return widget.viewport() if isinstance(widget, QAbstractScrollArea) else widget


def _mouse(
    widget: QWidget,
    kind: QEvent.Type,
    at: QPoint,
    button: Qt.MouseButton,
    held: Qt.MouseButton,
    keys: Qt.KeyboardModifier,
) -> None:
    local = QPointF(at)
    event = QMouseEvent(kind, local, QPointF(widget.mapToGlobal(at)), button, held, keys)
    QApplication.sendEvent(widget, event)


def hover(widget: QWidget, at: QPoint, keys: Qt.KeyboardModifier = _NO_KEYS) -> None:
    """Move the mouse over the widget (or its viewport) to `at`, no button held."""
    none = Qt.MouseButton.NoButton
    _mouse(receiver(widget), QEvent.Type.MouseMove, at, none, none, keys)
    events()


def press_drag_release(
    widget: QWidget,
    start: QPoint,
    end: QPoint,
    *,
    button: Qt.MouseButton = _LEFT,
    keys: Qt.KeyboardModifier = _NO_KEYS,
    steps: int = 6,
    release: bool = True,
) -> None:
    """Press at `start`, move to `end` in `steps` moves, and release there.

    Args:
        widget: the widget, or the view whose viewport is meant.
        start, end: positions in that widget.
        button: the button held.
        keys: the keyboard modifiers held.
        steps: number of moves; a gesture needs some to notice that it is one.
        release: False leaves the button down (to press Esc, say).
    """
    target = receiver(widget)
    none = Qt.MouseButton.NoButton
    _mouse(target, QEvent.Type.MouseMove, start, none, none, keys)
    _mouse(target, QEvent.Type.MouseButtonPress, start, button, button, keys)
    for step in range(1, steps + 1):
        at = start + (end - start) * (step / steps)
        _mouse(target, QEvent.Type.MouseMove, at, none, button, keys)
        events(1)
    if release:
        _mouse(target, QEvent.Type.MouseButtonRelease, end, button, none, keys)
    events()


class Drag:
    """A drag over the program's widgets, event by event, as the window system would send it.

    Attributes:
        accepted: whether the last widget said it would take the drop there.
        action: the drop action it proposed or carried out.
    """

    def __init__(
        self,
        mime: QMimeData,
        *,
        actions: Qt.DropAction = Qt.DropAction.CopyAction,
        keys: Qt.KeyboardModifier = _NO_KEYS,
    ) -> None:
        self.accepted = False
        self.action = Qt.DropAction.IgnoreAction
        self._mime = mime
        self._actions = actions
        self._keys = keys
        self._over: QWidget | None = None

    def move(self, widget: QWidget, at: QPoint) -> bool:
        """Move the drag to a place in a widget, entering and leaving as needed; return whether it may drop."""
        target = receiver(widget)
        if self._over is not None and self._over is not target:
            self.leave()
        if self._over is None:
            self._over = target
            enter = QDragEnterEvent(at, self._actions, self._mime, _LEFT, self._keys)
            enter.setAccepted(False)
            self._send(target, enter)
        step = QDragMoveEvent(at, self._actions, self._mime, _LEFT, self._keys)
        step.setAccepted(self.accepted)
        self._send(target, step)
        return self.accepted

    def drop(self, at: QPoint) -> bool:
        """Release over the widget of the last move; return whether it took the drop.

        A drop that was not accepted is taken away, as the window system does.

        Raises:
            RuntimeError: there was no move before.
        """
        if self._over is None:
            raise RuntimeError("move the drag over a widget before dropping it")
        if not self.accepted:
            self.leave()
            return False
        event = QDropEvent(QPointF(at), self._actions, self._mime, _LEFT, self._keys)
        event.setAccepted(False)
        self._send(self._over, event)
        self._over = None
        return self.accepted

    def leave(self) -> None:
        """Take the drag out of the widget without dropping (Esc, or the mouse moved away)."""
        if self._over is not None:
            QApplication.sendEvent(self._over, QDragLeaveEvent())
            self._over = None
            self.accepted = False
            events()

    def _send(self, target: QWidget, event: QDropEvent) -> None:
        QApplication.sendEvent(target, event)
        self.accepted = event.isAccepted()
        self.action = event.dropAction()
        events()


def drag_and_drop(
    source_widget: QWidget,
    mime: QMimeData,
    target_widget: QWidget,
    pos: QPoint,
    *,
    over: Sequence[QPoint] = (),
    keys: Qt.KeyboardModifier = _NO_KEYS,
) -> bool:
    """Drag `mime` from one widget to another with real events; return whether it was taken.

    Args:
        source_widget: where the drag starts; it must be visible and enabled, as for a person.
        mime: what is dragged.
        target_widget: the widget, or the view whose viewport is meant.
        pos: where it is dropped, in the target.
        over: places in the target passed on the way.
        keys: the keyboard modifiers held.

    Raises:
        RuntimeError: nobody could start a drag at the source.
    """
    if not (source_widget.isVisible() and source_widget.isEnabled()):
        raise RuntimeError("the source of the drag is hidden or disabled")
    drag = Drag(mime, keys=keys)
    for at in (*over, pos):
        drag.move(target_widget, at)
    return drag.drop(pos)


def texts(widget: QWidget) -> list[str]:
    """Return the texts of all visible labels below the widget, in the order of their making."""
    return [label.text() for label in widget.findChildren(QLabel) if label.isVisible() and label.text()]
