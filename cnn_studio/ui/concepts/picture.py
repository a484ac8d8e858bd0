"""The widget that shows a concept picture: in the inspector, and inside the pop-up beside the mouse."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from cnn_studio.graph.spec import Params, Shape
from cnn_studio.ui import theme
from cnn_studio.ui.concepts.case import Case
from cnn_studio.ui.concepts.registry import concepts, describe_concept, make_case, paint_case

_WIDTH, _HEIGHT = 264, 168


class ConceptPicture(QWidget):
    """What a layer does with its parameters on its input.

    A click, or the right and left arrow keys, show the next and the last position of a window. The picture is painted
    once and kept until something else is to be shown.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._case: Case | None = None
        self._wanted: tuple[str, Params, tuple[Shape, ...], Shape | None] | None = None
        self._kept: QPixmap | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("What the layer does")
        self.hide()
        theme.manager().changed.connect(self._forget)

    @property
    def case(self) -> Case | None:
        """What is shown."""
        return self._case

    def show_layer(
        self,
        type_id: str,
        params: Params,
        inputs: tuple[Shape, ...] = (),
        output: Shape | None = None,
    ) -> bool:
        """Show a layer's picture, and hide where there is none.

        Args:
            type_id: its type.
            params: its canonical parameter values.
            inputs: shapes of its inputs; empty shows it on an example.
            output: its output shape; None works it out.

        Returns:
            Whether there is a picture.
        """
        wanted = (type_id, dict(params), inputs, output)
        if wanted != self._wanted:
            self._wanted = wanted
            self._set_case(make_case(*wanted))
        self.setVisible(self._case is not None)
        return self._case is not None

    def clear(self) -> None:
        """Show nothing."""
        self._wanted = None
        self._set_case(None)
        self.hide()

    def _set_case(self, case: Case | None) -> None:
        self._case = case
        self.setAccessibleDescription(describe_concept(case) if case is not None else "")
        steps = self._steps
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if steps else Qt.FocusPolicy.NoFocus)
        self.setToolTip("Click, or press the arrow keys, to move the window." if steps else "")
        self._forget()

    @property
    def _steps(self) -> bool:
        return self._case is not None and concepts()[self._case.type_id].steps

    def _step(self, by: int) -> None:
        case = self._case
        if case is not None and self._steps:
            self._case = Case(
                case.type_id, case.params, case.inputs, case.output, case.step + by, case.is_example
            )
            self._forget()

    def _forget(self) -> None:
        self._kept = None
        self.update()

    @override
    def sizeHint(self) -> QSize:
        return QSize(theme.px(_WIDTH), theme.px(_HEIGHT))

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(_WIDTH * 0.7), theme.px(_HEIGHT))

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._steps:
            self._step(1)
            event.accept()
        else:
            super().mousePressEvent(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Right: 1, Qt.Key.Key_Space: 1, Qt.Key.Key_Left: -1}
        if event.key() in steps and self._steps:
            self._step(steps[Qt.Key(event.key())])
            event.accept()
        else:
            super().keyPressEvent(event)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        case = self._case
        if case is None:
            return
        ratio = self.devicePixelRatioF()
        if self._kept is None or self._kept.deviceIndependentSize() != self.size().toSizeF():
            self._kept = QPixmap(self.size() * ratio)
            self._kept.setDevicePixelRatio(ratio)
            self._kept.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._kept)
            inset = theme.px(2)
            paint_case(
                painter, QRectF(inset, inset, self.width() - 2 * inset, self.height() - 2 * inset), case
            )
            painter.end()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._kept)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(theme.qcolor("accent"))
            radius = theme.px(theme.current().space.radius_small)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
        painter.end()
