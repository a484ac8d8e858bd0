"""The ways of a comparison as rows: how good with which certainty, how long, how much learned."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)
from typing_extensions import override

from cnn_studio.transfer.verdict import Compared
from cnn_studio.ui import theme
from cnn_studio.ui.panels.row_model import RowModel
from cnn_studio.ui.panels.run_progress import duration_text

Index = QModelIndex | QPersistentModelIndex
State = Literal["waiting", "running", "done", "failed"]

COLUMNS = (
    ("Way", "How the classifier was made"),
    (
        "Right of the validation images",
        "The bar is the share that was right; the whiskers are where it lies for new images like these, with 95 % confidence",
    ),
    ("Time", "From the images in memory to the result"),
    ("Learned", "Parameters that were trained or fitted"),
)
WIDTHS = (260, 300, 80, 100)
ROW = 34

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class WayRow:
    """One way as it is now.

    Attributes:
        name: of the way.
        color: token of its bar and of its curve.
        state: whether it has come to a result.
        note: what goes on, or why it failed.
        compared: the result, of a way that is done.
        trainable: parameters that learned; None while nobody knows.
        is_best: it wins, in the end.
    """

    name: str
    color: str
    state: State = "waiting"
    note: str = ""
    compared: Compared | None = None
    trainable: int | None = None
    is_best: bool = False

    @property
    def accuracy_text(self) -> str:
        """The second column in words."""
        if self.state == "done" and self.compared is not None:
            return self.compared.text
        return self.note or ("waits" if self.state == "waiting" else "…")

    @property
    def time_text(self) -> str:
        """The third column in words."""
        seconds = self.compared.seconds if self.compared is not None else 0.0
        if seconds <= 0:
            return ""
        return f"{seconds:.1f} s" if seconds < 60 else duration_text(seconds)

    def text(self, column: int) -> str:
        """Return a cell in words."""
        if column == 0:
            return f"{self.name} (best)" if self.is_best else self.name
        learned = f"{self.trainable:,}" if self.trainable is not None else ""
        return (self.accuracy_text, self.time_text, learned)[column - 1]


class WayModel(RowModel):
    """The rows of a comparison."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, parent)
        self.rows: list[WayRow] = []

    def set_rows(self, rows: Sequence[WayRow]) -> None:
        """Show other rows; where there are as many as before, places are kept."""
        if len(rows) == len(self.rows):
            self.rows = list(rows)
            if rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(COLUMNS) - 1))
            return
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    @override
    def num_rows(self) -> int:
        return len(self.rows)

    @override
    def alignment(self, column: int) -> Qt.AlignmentFlag:
        return _RIGHT if column > 1 else _LEFT

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return row.text(index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.note or row.text(index.column())
        return None


class _Cells(QStyledItemDelegate):
    """Paints the cells as `paint_cell` does."""

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        if isinstance(model, WayModel):
            area: Any = option.rect
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_cell(painter, QRectF(area), model.rows[index.row()], index.column())
            painter.restore()

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(theme.px(WIDTHS[index.column()]), theme.px(ROW))


def paint_cell(painter: QPainter, area: QRectF, row: WayRow, column: int) -> None:
    """Paint one cell; a failure's message reaches over the columns that it leaves empty."""
    tokens = theme.current()
    inside = area.adjusted(theme.px(8), 0, -theme.px(8), 0)
    painter.setPen(QPen(theme.qcolor("line"), 1))
    painter.drawLine(area.bottomLeft(), area.bottomRight())
    if column == 0:
        _paint_name(painter, inside, row)
        return
    painter.setFont(theme.ui_font())
    if column == 1 and row.state == "done" and row.compared is not None:
        _paint_bar(painter, inside, row.color, row.compared)
        return
    painter.setPen(theme.qcolor("text" if column != 1 else "error" if row.state == "failed" else "muted"))
    if column == 1:
        painter.setFont(theme.ui_font(tokens.type.small))
    metrics = QFontMetricsF(painter.font())
    text = row.text(column)
    if column == 1 and metrics.horizontalAdvance(text) > inside.width():
        painter.drawText(inside, _LEFT | Qt.TextFlag.TextWordWrap, _two_lines(metrics, text, inside.width()))
        return
    painter.drawText(inside, _LEFT if column == 1 else _RIGHT, text)


def _two_lines(metrics: QFontMetricsF, text: str, width: float) -> str:
    """Return what of a text has room in two lines."""
    return metrics.elidedText(text, Qt.TextElideMode.ElideRight, 1.8 * width)


def _paint_name(painter: QPainter, area: QRectF, row: WayRow) -> None:
    tokens = theme.current()
    mark = float(theme.px(9))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.qcolor(row.color, 0.35 if row.state == "waiting" else 1.0))
    painter.drawRoundedRect(QRectF(area.left(), area.center().y() - mark / 2, mark, mark), 2, 2)
    room = area.adjusted(mark + theme.px(7), 0, 0, 0)
    font = theme.ui_font(weight=tokens.type.strong if row.is_best else tokens.type.regular)
    painter.setFont(font)
    painter.setPen(theme.qcolor("muted" if row.state == "waiting" else "text"))
    text = QFontMetricsF(font).elidedText(
        f"★ {row.name}" if row.is_best else row.name, Qt.TextElideMode.ElideRight, room.width()
    )
    painter.drawText(room, _LEFT, text)


def _paint_bar(painter: QPainter, area: QRectF, color: str, compared: Compared) -> None:
    """Paint a bar from 0 to 100 %, its whiskers, and the numbers beside it."""
    painter.setFont(theme.ui_font(theme.current().type.small))
    room = QFontMetricsF(painter.font()).horizontalAdvance("100.0 % (100 to 100)") + theme.px(8)
    track = QRectF(area.left(), 0, max(1.0, area.width() - room), theme.px(12))
    track.moveCenter(QPointF(track.center().x(), area.center().y()))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.qcolor("line"))
    painter.drawRect(track)
    painter.setBrush(theme.qcolor(color))
    painter.drawRect(QRectF(track.left(), track.top(), compared.accuracy * track.width(), track.height()))
    painter.setPen(QPen(theme.qcolor("text"), theme.px(1.5)))
    low, high = (track.left() + share * track.width() for share in compared.interval)
    middle, half = track.center().y(), theme.px(5)
    painter.drawLine(QPointF(low, middle), QPointF(high, middle))
    for x in (low, high):
        painter.drawLine(QPointF(x, middle - half), QPointF(x, middle + half))
    painter.setPen(theme.qcolor("text"))
    painter.drawText(area, _RIGHT, compared.text)


class WayTable(QTableView):
    """The table; it is as high as its rows."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ways = WayModel(self)
        self.setModel(self.ways)
        self.setItemDelegate(_Cells(self))
        self.setAccessibleName("Ways that are compared")
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        modes = QHeaderView.ResizeMode
        for column, mode in enumerate((modes.Interactive, modes.Stretch, modes.Fixed, modes.Fixed)):
            header.setSectionResizeMode(column, mode)
        self._resize()
        theme.manager().changed.connect(self._resize)
        self.ways.modelReset.connect(self._resize)

    def set_rows(self, rows: Sequence[WayRow]) -> None:
        """Show these rows."""
        self.ways.set_rows(rows)

    def _resize(self) -> None:
        for column, width in enumerate(WIDTHS):
            if column != 1:
                self.setColumnWidth(column, theme.px(width))
        self.verticalHeader().setDefaultSectionSize(theme.px(ROW))
        height = self.horizontalHeader().sizeHint().height() + theme.px(ROW) * max(1, self.ways.num_rows())
        self.setFixedHeight(height + theme.px(2))


# ----------------------------------------------------------------------------------------------------------- elsewhere


def table_size(rows: Sequence[WayRow]) -> QSize:
    """Return the size of a table's picture, in pixels at 100 %."""
    return QSize(sum(WIDTHS), ROW * (len(rows) + 1))


def paint_table(painter: QPainter, area: QRectF, rows: Sequence[WayRow]) -> None:
    """Paint a table with its headings into a picture."""
    height = float(theme.px(ROW))
    scale = area.width() / sum(WIDTHS)
    widths = [scale * width for width in WIDTHS]
    left = area.left()
    painter.setFont(theme.ui_font(weight=theme.current().type.strong))
    painter.setPen(theme.qcolor("muted"))
    for column, width in enumerate(widths):
        box = QRectF(left + theme.px(8), area.top(), width - theme.px(16), height)
        painter.drawText(box, _RIGHT if column > 1 else _LEFT, COLUMNS[column][0])
        left += width
    for at, row in enumerate(rows):
        left = area.left()
        for column, width in enumerate(widths):
            paint_cell(painter, QRectF(left, area.top() + (at + 1) * height, width, height), row, column)
            left += width


def table_csv(rows: Sequence[WayRow]) -> str:
    """Return rows as CSV; what a way has no number for is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        [
            "way",
            "accuracy",
            "95 % from",
            "95 % to",
            "right",
            "images",
            "seconds",
            "trainable parameters",
            "message",
        ]
    )
    for row in rows:
        one = row.compared
        numbers: tuple[object, ...] = ("",) * 6
        if one is not None and row.state == "done":
            low, high = one.interval
            numbers = (
                f"{one.accuracy:.6g}",
                f"{low:.6g}",
                f"{high:.6g}",
                one.right,
                one.count,
                f"{one.seconds:.3f}",
            )
        learned = "" if row.trainable is None else row.trainable
        writer.writerow([row.name, *numbers, learned, row.note if row.state == "failed" else ""])
    return out.getvalue()
