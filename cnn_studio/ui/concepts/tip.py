"""The pop-up beside the mouse: a layer's name, what it does in a sentence, and its picture.

It appears where Qt would show a tool tip, takes neither the focus nor the mouse, and goes as soon as the mouse leaves
the thing it speaks of, or anything is pressed, turned or dragged.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QCursor, QGuiApplication, QHideEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QVBoxLayout, QWidget
from typing_extensions import override

from cnn_studio.graph.spec import Params, Shape
from cnn_studio.ui import theme
from cnn_studio.ui.concepts.picture import ConceptPicture

_WIDTH = 288
_CLOSING = {
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseButtonDblClick,
    QEvent.Type.Wheel,
    QEvent.Type.DragEnter,
    QEvent.Type.WindowDeactivate,
    QEvent.Type.ApplicationDeactivate,
    QEvent.Type.Close,
}


class ConceptTip(QFrame):
    """A window of its own beside a view whose layers it explains.

    Attributes:
        picture: the picture in it.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.ToolTip | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        theme.set_role(self, "card")
        self._place = QRect()  # the thing it speaks of, on the screen
        self._title = QLabel(self)
        theme.set_role(self._title, "strong")
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._text = QLabel(self)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        theme.set_role(self._text, "small")
        self.picture = ConceptPicture(self)
        space = theme.current().space
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.m, space.m)))
        layout.setSpacing(theme.px(space.xs))
        for widget in (self._title, self._text, self.picture):
            layout.addWidget(widget)

    @property
    def title(self) -> str:
        """What stands on top; empty while hidden."""
        return "" if self.isHidden() else self._title.text()

    @property
    def text(self) -> str:
        """What is said below it; empty while hidden."""
        return "" if self.isHidden() else self._text.text()

    def show_layer(
        self,
        place: QRect,
        title: str,
        text: str,
        type_id: str,
        params: Params,
        inputs: tuple[Shape, ...] = (),
        output: Shape | None = None,
    ) -> None:
        """Show what a layer does, below and right of the mouse or where there is room.

        Args:
            place: the thing that is spoken of, in coordinates of the screen; the tip goes when the mouse leaves it.
            title: the layer's name.
            text: one or more sentences; paragraphs end in a newline.
            type_id, params, inputs, output: what is drawn, see `ConceptPicture.show_layer`.
        """
        self._place = place
        self._title.setText(title)
        self._text.setText(text)
        self._text.setVisible(bool(text))
        self.picture.show_layer(type_id, params, inputs, output)
        self.setAccessibleName(title)
        self.setAccessibleDescription(f"{text} {self.picture.accessibleDescription()}".strip())
        self.setFixedWidth(theme.px(_WIDTH))
        layout = self.layout()
        if layout is not None:
            self.setFixedHeight(max(1, layout.totalHeightForWidth(self.width())))
        self.move(_beside(QCursor.pos() if place.contains(QCursor.pos()) else place.center(), self.size()))
        app = QApplication.instance()
        if self.isHidden() and app is not None:
            app.installEventFilter(self)
        self.show()
        self.raise_()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            if event.buttons() != Qt.MouseButton.NoButton or not self._is_inside(event.globalPosition()):
                self.hide()
        elif kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            self.hide()
            return event.key() == Qt.Key.Key_Escape  # it dismissed the tip, and does nothing else
        elif kind in _CLOSING or (kind == QEvent.Type.Leave and not self._place.contains(QCursor.pos())):
            self.hide()
        return False

    def _is_inside(self, at: QPointF) -> bool:
        return self._place.contains(at.toPoint())


def _beside(at: QPoint, size: QSize) -> QPoint:
    """Return where a window of a size goes: below and right of a place, or on its other side, wholly on the screen."""
    screen = QGuiApplication.screenAt(at) or QGuiApplication.primaryScreen()
    area = screen.availableGeometry()
    away = theme.px(theme.current().space.l)
    x, y = at.x() + away, at.y() + away
    if x + size.width() > area.right():
        x = at.x() - away - size.width()
    if y + size.height() > area.bottom():
        y = at.y() - away - size.height()
    return QPoint(
        max(area.left(), min(x, area.right() - size.width())),
        max(area.top(), min(y, area.bottom() - size.height())),
    )
