"""How often each class was taken for each other one; from two classes to hundreds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Signal, Slot
from PySide6.QtGui import (
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QSizePolicy, QToolTip, QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.widgets.matrix_paint import paint_above, tints

if TYPE_CHECKING:
    import numpy as np

_LARGEST_CELL = (46, 34)
_WIDEST = 3.0  # times its height: a low panel has wide cells, in which numbers and names have room
_READABLE_CELL = 30
_LARGEST_ZOOMED = 64
_STEP = 1.25


class ConfusionMatrix(QAbstractScrollArea):
    """Rows are true classes, columns predictions; the diagonal is right.

    It fits its widget until it is zoomed (Ctrl + wheel, + and -, 0 fits again); then it scrolls under its names.
    The arrow keys walk from cell to cell and Enter opens one, as a click does.

    Attributes:
        cell_clicked: (true class, predicted class) of a cell that was clicked and is not empty.
    """

    cell_clicked = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: np.ndarray | None = None
        self._classes: tuple[str, ...] = ()
        self._marked: tuple[int, int] | None = None
        self._current: tuple[int, int] | None = None
        self._shares = False
        self._cell: float | None = None  # size of a zoomed cell; None fits
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Confusion matrix")
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)  # the panel shows through, not the ground of fields
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.valueChanged.connect(self.viewport().update)
        theme.manager().changed.connect(self._restyle)

    def _restyle(self) -> None:
        self._fit_bars()
        self.viewport().update()

    def set_counts(self, counts: np.ndarray | None, classes: tuple[str, ...]) -> None:
        """Show these counts, int of shape [K, K]; None shows nothing."""
        if len(classes) != len(self._classes):
            self._cell = self._current = None
        self._counts, self._classes = counts, classes
        self._fit_bars()
        self.viewport().update()

    @Slot(bool)
    def set_shares(self, on: bool) -> None:
        """Show each cell as per cent of its true class, or as a count."""
        self._shares = on
        self.viewport().update()

    def set_marked(self, cell: tuple[int, int] | None) -> None:
        """Draw a ring around one cell."""
        self._marked = cell
        self.viewport().update()

    # ------------------------------------------------------------------------------------------------------ zooming

    @Slot()
    def zoom_in(self) -> None:
        """Make the cells larger; the first step makes them large enough to read."""
        size = self._least()
        self._zoom(max(size * _STEP, float(theme.px(_READABLE_CELL))))

    @Slot()
    def zoom_out(self) -> None:
        """Make the cells smaller, until all fit."""
        self._zoom(self._least() / _STEP)

    def _least(self) -> float:
        size = self._size()
        return min(size.width(), size.height())

    @Slot()
    def fit(self) -> None:
        """Show all cells."""
        self._zoom(0)

    @property
    def is_zoomed(self) -> bool:
        """Whether the cells are larger than what fits."""
        return self._cell is not None

    def _zoom(self, size: float, at: QPointF | None = None) -> None:
        """Give the cells a size; the class under `at`, or in the middle, stays where it is."""
        if not self._classes:
            return
        place = at or QPointF(self.viewport().rect().center())
        area, before = self._layout()
        across = (place.x() - area.left()) / before.width()
        down = (place.y() - area.top()) / before.height()
        fitting = self._fitting()
        fits = size <= 1.01 * min(fitting.width(), fitting.height())
        self._cell = None if fits else min(size, float(theme.px(_LARGEST_ZOOMED)))
        self._fit_bars()
        if self._cell is not None:
            left, top, _ = self._names()
            self.horizontalScrollBar().setValue(round(across * self._cell - (place.x() - left)))
            self.verticalScrollBar().setValue(round(down * self._cell - (place.y() - top)))
        self.viewport().update()

    def _names(self) -> tuple[float, float, bool]:
        """Return the room for names at the left and above, and whether those above stand upright."""
        metrics = QFontMetricsF(theme.ui_font(theme.current().type.caption))
        longest = max((metrics.horizontalAdvance(name) for name in self._classes), default=0.0)
        left = min(longest, 0.3 * self.viewport().width()) + theme.px(8)
        upright = self._cell is not None and longest + theme.px(4) > self._cell
        line = min(longest, 0.3 * self.viewport().height()) if upright else metrics.height()
        return left, metrics.height() + line + theme.px(8), upright

    def _fitting(self) -> QSizeF:
        """Return the size of a cell at which all fit."""
        zoomed, self._cell = self._cell, None
        left, top, _ = self._names()
        self._cell = zoomed
        whole = self.maximumViewportSize()
        count = max(1, len(self._classes))
        widest, highest = (float(theme.px(n)) for n in _LARGEST_CELL)
        height = max(1.0, min(highest, (whole.height() - top - 2) / count))
        width = max(1.0, min(widest, (whole.width() - left - 2) / count, _WIDEST * height))
        return QSizeF(width, min(height, _WIDEST * width))

    def _size(self) -> QSizeF:
        return self._fitting() if self._cell is None else QSizeF(self._cell, self._cell)

    def _layout(self) -> tuple[QRectF, QSizeF]:
        """Return the area of all cells, where they are scrolled to, and the size of one."""
        left, top, _ = self._names()
        size, count = self._size(), len(self._classes)
        across, down = self.horizontalScrollBar().value(), self.verticalScrollBar().value()
        return QRectF(left - across, top - down, size.width() * count, size.height() * count), size

    def _box(self, area: QRectF, size: QSizeF, true: int, guess: int) -> QRectF:
        return QRectF(
            area.left() + guess * size.width(), area.top() + true * size.height(), size.width(), size.height()
        )

    def _fit_bars(self) -> None:
        left, top, _ = self._names()
        side = 0.0 if self._cell is None else self._cell * len(self._classes)
        for bar, room in (
            (self.horizontalScrollBar(), self.viewport().width() - left - 2),
            (self.verticalScrollBar(), self.viewport().height() - top - 2),
        ):
            bar.setRange(0, max(0, math.ceil(side - room)))
            bar.setPageStep(max(1, round(room)))
            bar.setSingleStep(max(1, round(self._least())))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        fitting = self._fitting()
        if self._cell is not None and self._cell <= min(fitting.width(), fitting.height()):
            self._cell = None
        self._fit_bars()

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(180), theme.px(110))

    @override
    def sizeHint(self) -> QSize:
        return QSize(theme.px(340), theme.px(260))

    # ----------------------------------------------------------------------------------------------------- painting

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._counts is None:
            return
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area, size = self._layout()
        left, top, upright = self._names()
        self._paint_names(painter, area, size, upright)
        painter.setClipRect(QRectF(left, top, self.viewport().width(), self.viewport().height()))
        gap = 1 if self._least() > 6 else 0
        # one picture of one pixel per class: thousands of rectangles from Python would take half a second
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(area, tints(self._counts))
        if gap:
            self._paint_gaps(painter, area, size)
        self._paint_numbers(painter, area, size)
        for cell, token in ((self._current if self.hasFocus() else None, "muted"), (self._marked, "accent")):
            if cell is not None:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(theme.qcolor(token), theme.px(2)))
                painter.drawRect(self._box(area, size, *cell).adjusted(0, 0, -gap, -gap))
        painter.end()

    def _seen(self, area: QRectF, size: QSizeF) -> tuple[int, int, int, int]:
        """Return the first and last row and the first and last column in view."""
        last = len(self._classes) - 1
        left, top, _ = self._names()
        right, bottom = self.viewport().width(), self.viewport().height()
        return (
            max(0, int((top - area.top()) / size.height())),
            min(last, int((bottom - area.top()) / size.height())),
            max(0, int((left - area.left()) / size.width())),
            min(last, int((right - area.left()) / size.width())),
        )

    def _paint_numbers(self, painter: QPainter, area: QRectF, size: QSizeF) -> None:
        if self._counts is None:
            return
        painter.setFont(theme.ui_font(theme.current().type.caption))
        metrics = QFontMetricsF(painter.font())
        totals = self._counts.sum(axis=1)
        largest = (
            (self._counts.max(axis=1) * 100 / totals.clip(1)).max() if self._shares else self._counts.max()
        )
        widest = metrics.horizontalAdvance(f"{largest:,.0f}")
        if widest + 2 > size.width() or metrics.ascent() > size.height() + 1:
            return
        painter.setPen(theme.qcolor("text"))
        first, last, start, stop = self._seen(area, size)
        part = self._counts[first : last + 1, start : stop + 1]
        for row, column in zip(*part.nonzero(), strict=True):
            true, guess = first + int(row), start + int(column)
            count = int(self._counts[true, guess])
            text = f"{100 * count / totals[true]:.0f}" if self._shares else f"{count:,}"
            painter.drawText(self._box(area, size, true, guess), Qt.AlignmentFlag.AlignCenter, text)

    def _paint_gaps(self, painter: QPainter, area: QRectF, size: QSizeF) -> None:
        painter.setPen(QPen(theme.qcolor("panel"), 1))
        for at in range(len(self._classes) + 1):
            x, y = area.left() + at * size.width() - 0.5, area.top() + at * size.height() - 0.5
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))

    def _paint_names(self, painter: QPainter, area: QRectF, size: QSizeF, upright: bool) -> None:
        painter.setFont(theme.ui_font(theme.current().type.caption))
        metrics = QFontMetricsF(painter.font())
        painter.setPen(theme.qcolor("muted"))
        unit = ", %" if self._shares else ""
        painter.drawText(QPointF(0, metrics.ascent()), f"true class ↓ · predicted →{unit}")
        left, top, _ = self._names()
        first, last, start, stop = self._seen(area, size)
        down = max(1, math.ceil(0.8 * metrics.height() / size.height()))
        painter.save()
        painter.setClipRect(QRectF(0, top, left, self.viewport().height() - top))
        for at in range(first - first % down, last + 1, down):
            line = QRectF(0, area.top() + (at + 0.5) * size.height() - metrics.height(), left - theme.px(6),
                          2 * metrics.height())  # fmt: skip
            shown = metrics.elidedText(self._classes[at], Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()
        painter.save()
        painter.setClipRect(QRectF(left, metrics.height(), self.viewport().width(), top - metrics.height()))
        longest = max(metrics.horizontalAdvance(name) for name in self._classes)
        wanted = metrics.height() if upright else min(longest, theme.px(28)) + theme.px(4)
        across = max(1, math.ceil(wanted / size.width()))
        for at in range(start - start % across, stop + 1, across):
            x = area.left() + at * size.width()
            paint_above(painter, self._classes[at], x, top, size.width(), across, upright)
        painter.restore()

    # -------------------------------------------------------------------------------------------------------- cells

    def cell_at(self, at: QPointF) -> tuple[int, int] | None:
        """Return (true class, predicted class) of the cell at a place of the viewport, or None."""
        left, top, _ = self._names()
        if self._counts is None or at.x() < left or at.y() < top:
            return None
        area, size = self._layout()
        guess, true = (
            math.floor((at.x() - area.left()) / size.width()),
            math.floor((at.y() - area.top()) / size.height()),
        )
        inside = 0 <= true < len(self._classes) and 0 <= guess < len(self._classes)
        return (true, guess) if inside else None

    def cell_text(self, true: int, guess: int) -> str:
        """Return what a cell says in words."""
        if self._counts is None:
            return ""
        count = int(self._counts[true, guess])
        share = f" ({100 * count / max(1, int(self._counts[true].sum())):.1f} % of {self._classes[true]})"
        if true == guess:
            return f"{self._classes[true]}: {count:,} right{share}"
        return (
            f"{self._classes[true]} taken for {self._classes[guess]}: {count:,} times{share if count else ''}"
        )

    def _open(self, cell: tuple[int, int] | None) -> None:
        if cell and self._counts is not None and self._counts[cell]:
            self.cell_clicked.emit(*cell)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._current = self.cell_at(event.position()) or self._current
            self._open(self.cell_at(event.position()))
            self.viewport().update()

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            size = self._least() * (_STEP if event.angleDelta().y() > 0 else 1 / _STEP)
            self._zoom(size, event.position())
            event.accept()
        else:
            super().wheelEvent(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
        }
        actions = {Qt.Key.Key_Plus: self.zoom_in, Qt.Key.Key_Minus: self.zoom_out, Qt.Key.Key_0: self.fit}
        key = Qt.Key(event.key())
        if key in steps and self._counts is not None:
            down, across = steps[key]
            true, guess = self._current or (-down, -across)  # the first press goes to the first cell
            last = len(self._classes) - 1
            self._current = min(max(true + down, 0), last), min(max(guess + across, 0), last)
            self._reveal(self._current)
        elif key in actions:
            actions[key]()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self._current)
        else:
            super().keyPressEvent(event)

    def _reveal(self, cell: tuple[int, int]) -> None:
        """Scroll to a cell and say what it is."""
        left, top, _ = self._names()
        size = self._least()
        for bar, at, room in (
            (self.verticalScrollBar(), cell[0], self.viewport().height() - top),
            (self.horizontalScrollBar(), cell[1], self.viewport().width() - left),
        ):
            bar.setValue(round(min(max(bar.value(), (at + 1) * size - room), at * size)))
        self.setAccessibleDescription(self.cell_text(*cell))
        self.viewport().update()

    @override
    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            cell = self.cell_at(QPointF(event.pos()))
            text = (
                f"{self.cell_text(*cell)}\nClick to see these images"
                if cell
                else "Rows: the true class. Columns: what the network says. Ctrl + wheel zooms."
            )
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().viewportEvent(event)
