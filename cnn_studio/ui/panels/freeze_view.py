"""How the freeze tree is painted and handled: names with their state, the bar of depth, the field of a rate, keys."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractItemModel,
    QItemSelectionModel,
    QModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QBrush, QFontMetrics, QKeyEvent, QLinearGradient, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.canvas.card_paint import paint_snowflake
from cnn_studio.ui.panels.freeze_model import (
    LAYER,
    NORM,
    PARAMS,
    PLACE,
    RATE_FACTOR,
    ROW,
    FoundRows,
    FreezeRow,
    Index,
)

_LEAST_LAYER, _BAR_ROOM = 190, 132
_MARK = 14


class FreezeView(QTreeView):
    """The tree; the space bar lets all selected rows train, or freezes them.

    Attributes:
        toggled: with the `FreezeRow`s that are to be frozen or to train.
        entered: with the `FreezeRow` that became the current one.
    """

    toggled = Signal(list)
    entered = Signal(object)

    def __init__(self, rows: FoundRows, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = rows
        self._largest, self._has_norms = 0, True
        self.setModel(rows)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setExpandsOnDoubleClick(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setMouseTracking(True)
        self.setAllColumnsShowFocus(True)
        self.setAccessibleName("Layers to freeze")
        self.setItemDelegateForColumn(LAYER, _NameDelegate(self))
        self.setItemDelegateForColumn(RATE_FACTOR, _RateDelegate(self))
        self.setItemDelegateForColumn(PLACE, _DepthBar(self))
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionsMovable(False)
        header.setMinimumSectionSize(theme.px(40))
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(LAYER, QHeaderView.ResizeMode.Stretch)
        theme.manager().changed.connect(self._take_theme)
        self._take_theme()

    def _take_theme(self) -> None:
        self.setFont(theme.ui_font())
        self.setIndentation(theme.px(18))
        self.fit_columns()

    def show_columns(self, largest: int, *, has_norms: bool) -> None:
        """Make columns fit for a network.

        Args:
            largest: the number of its parameters.
            has_norms: whether it has batch norms.
        """
        self._largest, self._has_norms = largest, has_norms
        self.fit_columns()

    def fit_columns(self) -> None:
        """Make columns as wide as what they hold; the least needed go where there is no room."""
        metrics = QFontMetrics(theme.ui_font(weight=theme.current().type.strong))
        gap = theme.px(24)
        widths = {
            PARAMS: max(map(metrics.horizontalAdvance, (f"{self._largest:,}", "88.8 M of 888 M"))) + gap,
            RATE_FACTOR: max(metrics.horizontalAdvance("0.00001"), self._heading(metrics, RATE_FACTOR)) + gap,
            PLACE: max(theme.px(_BAR_ROOM), self._heading(metrics, PLACE) + gap),
            NORM: metrics.horizontalAdvance("some keep") + theme.px(24) + gap,
        }
        room = self.viewport().width() - theme.px(_LEAST_LAYER)
        for column in (PARAMS, NORM, RATE_FACTOR, PLACE):
            is_wanted = column != NORM or self._has_norms
            room -= widths[column] if is_wanted else 0
            self.setColumnHidden(column, not is_wanted or (column != PARAMS and room < 0))
            self.setColumnWidth(column, widths[column])

    def _heading(self, metrics: QFontMetrics, column: int) -> int:
        return metrics.horizontalAdvance(str(self._rows.headerData(column, Qt.Orientation.Horizontal)))

    def chosen_rows(self) -> list[FreezeRow]:
        """Return the selected rows; while a text is searched, without blocks that are there for their layers alone."""
        found = [index.data(ROW) for index in self.selectionModel().selectedRows(LAYER)]
        return [row for row in found if row.holds(self._rows.needle)]

    def go_to(self, index: QModelIndex) -> None:
        """Select one row and show it."""
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.scrollTo(index)

    @override
    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        row = current.data(ROW) if current.isValid() else None
        if row is not None and self.hasFocus():
            self.entered.emit(row)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            rows = self.chosen_rows()
            if rows:
                self.toggled.emit(rows)
        elif event.key() == Qt.Key.Key_F2 and self.currentIndex().isValid():
            self.edit(self.currentIndex().siblingAtColumn(RATE_FACTOR))
        else:
            super().keyPressEvent(event)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit_columns()


class _NameDelegate(QStyledItemDelegate):
    """Paints a mark before the name (the colour of the kind of layer, or a snowflake) and the kind of layer behind."""

    @override
    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        option.features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration
        option.decorationSize = QSize(theme.px(_MARK), theme.px(_MARK))

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:  # type: ignore[override]
        super().paint(painter, option, index)
        row: FreezeRow | None = index.data(ROW)
        if row is None or option.widget is None:
            return
        self.initStyleOption(option, index)
        style = option.widget.style()
        parts = QStyle.SubElement
        mark = style.subElementRect(parts.SE_ItemViewItemDecoration, option, option.widget)
        text = style.subElementRect(parts.SE_ItemViewItemText, option, option.widget)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _paint_mark(painter, QRectF(mark), row)
        used = option.fontMetrics.horizontalAdvance(option.text) + theme.px(14)
        room = QRect(
            text.left() + used, text.top() - 1, option.rect.right() - text.left() - used, text.height()
        )
        if room.width() > theme.px(30):
            painter.setPen(theme.qcolor("muted"))
            painter.setFont(option.font)
            caption = option.fontMetrics.elidedText(row.caption, Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, caption)
        painter.restore()


def _paint_mark(painter: QPainter, area: QRectF, row: FreezeRow) -> None:
    if row.node.state != "trains":
        painter.save()
        painter.translate(area.center())
        painter.scale(theme.scale(), theme.scale())
        paint_snowflake(painter, QPointF(0, 0), arms=6 if row.node.state == "frozen" else 3)
        painter.restore()
        return
    if not row.family:
        theme.icon("layers", "muted").paint(painter, area.toRect())
        return
    bar = QRectF(0, 0, theme.px(5), area.height())
    bar.moveCenter(area.center())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.qcolor(row.family))
    painter.drawRoundedRect(bar, theme.px(2), theme.px(2))


class _DepthBar(QStyledItemDelegate):
    """Paints where on the way from the image to the output a layer or block lies."""

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:  # type: ignore[override]
        super().paint(painter, option, index)
        row: FreezeRow | None = index.data(ROW)
        if row is None:
            return
        high, gap = theme.px(6), theme.px(10)
        rail = QRectF(option.rect).adjusted(gap, 0, -gap, 0)
        rail.setTop(option.rect.center().y() - high / 2)
        rail.setHeight(high)
        ground = QLinearGradient(rail.topLeft(), rail.topRight())
        ground.setColorAt(0, theme.qcolor("accent"))
        ground.setColorAt(1, theme.qcolor("dense"))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.qcolor("line"))
        painter.drawRoundedRect(rail, high / 2, high / 2)
        left, right = (
            rail.left() + high / 2 + (rail.width() - high) * at for at in (row.node.start, row.node.end)
        )
        painter.setBrush(QBrush(ground))
        painter.setOpacity(0.45 if row.node.state == "frozen" else 1.0)
        painter.drawRoundedRect(
            QRectF(left - high / 2, rail.top(), right - left + high, high), high / 2, high / 2
        )
        painter.restore()


class _RateDelegate(QStyledItemDelegate):
    """A plain field for the factor; what is no number is refused by the model."""

    @override
    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        field = QLineEdit(parent)
        field.setAlignment(Qt.AlignmentFlag.AlignRight)
        field.setAccessibleName("Rate factor")
        return field

    @override
    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if isinstance(editor, QLineEdit):
            editor.setText(str(index.data(Qt.ItemDataRole.EditRole)))
            editor.selectAll()

    @override
    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if isinstance(editor, QLineEdit):
            model.setData(index, editor.text())

    @override
    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        editor.setGeometry(option.rect)
