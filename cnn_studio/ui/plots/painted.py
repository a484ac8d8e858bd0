"""What plots share that are painted by hand: the line above, the menu, the empty state, and when they repaint."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFont,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.plots.header import Part, PlotHeader, paint_header
from cnn_studio.ui.plots.plot_menu import PlotMenu

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class Body(QWidget):
    """The area below the line; it asks its plot to paint it and to say what is under the mouse."""

    def __init__(self, plot: PaintedPlot) -> None:
        super().__init__(plot)
        self._plot = plot
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._plot.paint_or_hint(painter, QRectF(self.rect()), QRectF(event.rect()))
        painter.end()

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._plot.hover(event.position(), QRectF(self.rect()))

    @override
    def leaveEvent(self, event: QEvent) -> None:
        self._plot.hover(None, QRectF(self.rect()))
        super().leaveEvent(event)


class PaintedPlot(QWidget):
    """A plot whose subclass says whether it is empty, paints, and makes CSV.

    Attributes:
        message: what was copied or written, or why not.
    """

    message = Signal(str)

    def __init__(self, title: str, empty: str, clock: RepaintClock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title, self._empty, self._clock = title, empty, clock
        self.header = PlotHeader(title, self)
        self.menu = PlotMenu(self, self)
        self.menu.message.connect(self.message)
        self.body = Body(self)
        self.top = QHBoxLayout()
        self.top.setSpacing(theme.px(4))
        self.top.addWidget(self.header, 1)
        self.top.addWidget(self.menu)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(2))
        layout.addLayout(self.top)
        layout.addWidget(self._holder(), 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.manager().changed.connect(self._restyle)

    def _holder(self) -> QWidget:
        """Return what goes below the line: the body, unless a subclass puts it into something."""
        return self.body

    @property
    def title(self) -> str:
        """What the plot shows."""
        return self._title

    @property
    def header_text(self) -> str:
        """The line above the plot as plain text."""
        return self.header.text

    # ------------------------------------------------------------------------------- what a subclass says

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to paint yet."""
        raise TypeError(f"{type(self).__name__} has no content")

    def paint(self, painter: QPainter, area: QRectF, exposed: QRectF) -> None:
        """Paint into an area; only what lies in `exposed` will be seen."""
        raise TypeError(f"{type(self).__name__} cannot be painted")

    def csv_writer(self) -> Callable[[], str]:
        """Return what makes the numbers as CSV in another thread."""
        raise TypeError(f"{type(self).__name__} has no numbers")

    def parts(self) -> tuple[Part, ...]:
        """Return what the line above says after the title."""
        return ()

    def hover(self, at: QPointF | None, area: QRectF) -> None:
        """The mouse is at a place of the body, or away."""
        del at, area

    # ---------------------------------------------------------------------------------------------------- painting

    def request(self) -> None:
        """Repaint when it is this plot's turn; a hidden one is painted when it is shown."""
        if self.isVisible():
            self._clock.request(self)

    def repaint_now(self) -> None:
        """Show all that has come since the last time; called by the clock."""
        self.header.set_parts(() if self.is_empty else self.parts())
        self.body.update()

    def paint_or_hint(self, painter: QPainter, area: QRectF, exposed: QRectF) -> None:
        """Paint the plot, or what to do to see something."""
        if not self.is_empty:
            self.paint(painter, area, exposed)
            return
        painter.setFont(theme.ui_font())
        painter.setPen(theme.qcolor("muted"))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._empty)

    def figure_size(self) -> QSize:
        """Return how large the plot's picture is."""
        return QSize(820, 460)

    def paint_figure(self, painter: QPainter, area: QRectF) -> None:
        """Paint the plot into a picture, in the colours of now."""
        line = float(self.header.sizeHint().height())
        parts = () if self.is_empty else self.parts()
        paint_header(painter, self._title, parts, QRectF(area.left(), area.top(), area.width(), line))
        below = area.adjusted(0, line + theme.px(6), 0, 0)
        self.paint_or_hint(painter, below, below)

    def _restyle(self) -> None:
        self.header.update()
        self.body.update()

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(150), theme.px(96))

    @override
    def sizeHint(self) -> QSize:
        return QSize(theme.px(380), theme.px(200))

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu.popup(event.globalPos())

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.repaint_now()


def elided(painter: QPainter, font: QFont, text: str, width: float) -> str:
    """Return a text shortened in its middle to a width, and make the font the painter's."""
    painter.setFont(font)
    return QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideMiddle, width)
