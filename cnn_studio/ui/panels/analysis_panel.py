"""The Analysis tab: what every layer gives, holds and costs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QGuiApplication, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from cnn_studio.app.files import replacing
from cnn_studio.app.session import Session
from cnn_studio.core.errors import StorageError
from cnn_studio.core.params import Integer
from cnn_studio.engine.memory import training_memory
from cnn_studio.graph.document import DocumentChange
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.selection import SelectionModel
from cnn_studio.ui.panels.family_bars import FamilyBars
from cnn_studio.ui.panels.layer_table import (
    SHARE_COLUMN,
    TEXT_COLUMNS,
    LayerRow,
    LayerTable,
    layer_rows,
    table_text,
)
from cnn_studio.ui.panels.lazy_refresh import LazyRefresh
from cnn_studio.ui.panels.param_field import ParamField
from cnn_studio.ui.panels.sorted_table import SORT_ROLE, FilteredRows, SortedTable
from cnn_studio.ui.status import bytes_text, macs_text
from cnn_studio.ui.widgets.hint import hint_label

_INTERVAL_MS = 150
_ROOM_FOR_BARS, _ROOM_FOR_TOTALS = 300, 230  # high
_BATCH = Integer(
    "batch_size",
    "Batch size",
    "Images at once, for the memory column and the estimate below.",
    32,
    maximum=65_536,
)
_EMPTY = "The network is empty. Drag a layer from the palette onto the canvas, or open a starter."


class AnalysisPanel(QWidget):
    """A table of all layers to sort and filter, with the totals below; its selection is that of the canvas.

    Attributes:
        layer_chosen: emitted with the id of the layer to go to (double click or Enter).
        message: emitted with a sentence when a file could not be saved.
    """

    layer_chosen = Signal(int)
    message = Signal(str)

    def __init__(self, session: Session, selection: SelectionModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._selection = selection
        self._following = False
        self.model = LayerTable(self)
        self._sorted = FilteredRows(self.model, TEXT_COLUMNS, self)
        self.table = SortedTable(
            self._sorted, stretched=SHARE_COLUMN, least=136, text_columns=(0, *TEXT_COLUMNS)
        )
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setAccessibleName("Layers and their numbers")
        self.table.setItemDelegateForColumn(SHARE_COLUMN, _ShareBar(self.table))
        self._filter = QLineEdit()
        self._batch = ParamField(_BATCH)
        self._batch_size: int | None = None  # the training settings' until another is typed
        self._bars = FamilyBars()
        self._totals = QLabel()
        self._empty = hint_label(_EMPTY)
        self._build()
        self._refresher = LazyRefresh(self, self.refresh, _INTERVAL_MS)
        session.changed.connect(self._document_changed)
        session.replaced.connect(self._replaced)
        session.settings_changed.connect(self._refresher.request)
        selection.changed.connect(self._follow)
        self.table.selectionModel().selectionChanged.connect(self._pass_on)
        self.table.row_entered.connect(self._jump)
        self.table.copy_requested.connect(self.copy)

    def _build_tools(self) -> QHBoxLayout:
        space = theme.current().space
        self._filter.setPlaceholderText("Filter by name or type")
        self._filter.setClearButtonEnabled(True)
        self._filter.setAccessibleName("Filter by name or type")
        self._filter.textChanged.connect(self._set_needle)
        self._filter.setMaximumWidth(theme.px(260))
        self._batch.setFixedWidth(theme.px(170))
        self._batch.edited.connect(self._set_batch)
        row = QHBoxLayout()
        row.setSpacing(theme.px(space.m))
        row.addWidget(self._filter, 1)  # all the room there is, before the gap gets any
        row.addWidget(self._batch)
        row.addStretch(0)
        for text, icon, tip, slot in (
            ("Copy", "copy", "Copy the selected rows, or all, for a spreadsheet (Ctrl+C)", self.copy),
            ("Save CSV…", "save", "Save the table as a CSV file", self._ask_save),
        ):
            button = QPushButton(text)
            button.setToolTip(tip)
            theme.bind_icon(button, icon, "muted")
            button.clicked.connect(slot)
            row.addWidget(button)
        return row

    def _build(self) -> None:
        space = theme.current().space
        self._totals.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._totals.setWordWrap(True)
        theme.set_role(self._totals, "strong")
        self._pages = QStackedWidget()
        self._pages.addWidget(self.table)
        self._pages.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.px(n) for n in (space.l, space.s, space.l, space.m)))
        layout.setSpacing(theme.px(space.s))
        layout.addLayout(self._build_tools())
        layout.addWidget(self._pages, 1)
        layout.addWidget(self._bars)
        layout.addWidget(self._totals)

    # ---------------------------------------------------------------------------------------------------- content

    def _document_changed(self, change: DocumentChange) -> None:
        if change.added or change.removed or change.edited or change.relinked or change.info:
            self._refresher.request()

    @Slot()
    def refresh(self) -> None:
        """Show the numbers of the network as it is now."""
        before = [row.layer_id for row in self.model.rows]
        self._following = True  # a reset of the model must not clear the canvas' selection
        try:
            self.model.set_rows(layer_rows(self._session.analysis(), self._batch_shown()))
        finally:
            self._following = False
        rows = self.model.rows
        self.table.fit_columns(grow_only=[row.layer_id for row in rows] == before)
        self._pages.setCurrentWidget(self.table if rows else self._empty)
        self._fit_height()
        self._bars.show_analysis(self._session.analysis())
        self._batch.show_value(self._batch_shown())
        self._totals.setText(self._totals_text())
        self._follow()

    def _fit_height(self) -> None:
        # in a low window the rows of the table are worth more; the status bar has the main totals
        for widget, least in ((self._bars, _ROOM_FOR_BARS), (self._totals, _ROOM_FOR_TOTALS)):
            widget.setVisible(bool(self.model.rows) and self.height() >= theme.px(least))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_height()

    @Slot(str)
    def _set_needle(self, text: str) -> None:
        self._following = True  # rows that go out of sight stay selected on the canvas
        try:
            self._sorted.set_needle(text)
        finally:
            self._following = False
        self._follow()

    def _batch_shown(self) -> int:
        return self._batch_size or self._session.settings.batch_size

    @Slot()
    def _replaced(self) -> None:
        self._batch_size = None
        self._refresher.request()

    @Slot(object)
    def _set_batch(self, value: object) -> None:
        if isinstance(value, int):
            self._batch_size = value
            self._refresher.request()

    def _totals_text(self) -> str:
        numbers = self._session.analysis()
        total, frozen = numbers.total, numbers.total.params - numbers.trainable_params
        parts = [f"{total.params:,} parameters"]
        if frozen:
            parts.append(f"{frozen:,} of them frozen")
        parts.append(f"{macs_text(total.macs)} per image")
        parts.append(f"{total.activations:,} activations and {total.neurons:,} neurons per image")
        parts.append(f"{len(numbers.layers):,} layers")
        if numbers.unknown:
            parts.append(f"{numbers.unknown:,} without a size yet, not counted")
        batch = self._batch_shown()
        memory = training_memory(numbers, self._session.settings.model_copy(update={"batch_size": batch}))
        if memory is not None:
            parts.append(
                f"training at batch {batch:,} takes about {bytes_text(memory.total)}: {bytes_text(memory.activations)} "
                f"of activations, {bytes_text(memory.weights + memory.best_weights)} of weights, "
                f"{bytes_text(memory.gradients + memory.optimizer_state)} of gradients and optimizer"
            )
        return " · ".join(parts)

    # -------------------------------------------------------------------------------------------------- selection

    def _row_at(self, index: QModelIndex) -> LayerRow:
        return self.model.rows[self._sorted.mapToSource(index).row()]

    @Slot()
    def _follow(self) -> None:
        """Select the rows of the layers that are selected elsewhere."""
        if self._following:
            return
        if not self.isVisible():
            self._refresher.request()
            return
        wanted, current = QItemSelection(), QModelIndex()
        last = self.model.columnCount() - 1
        for number, row in enumerate(self.model.rows):
            if row.layer_id in self._selection.ids:
                begin = self._sorted.mapFromSource(self.model.index(number, 0))
                wanted.select(begin, begin.siblingAtColumn(last))
                if row.layer_id == self._selection.current:
                    current = begin
        chosen = self.table.selectionModel()
        self._following = True
        try:
            chosen.select(wanted, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            if current.isValid():
                chosen.setCurrentIndex(current, QItemSelectionModel.SelectionFlag.NoUpdate)
                self.table.scrollTo(current)
        finally:
            self._following = False

    @Slot()
    def _pass_on(self) -> None:
        """Select elsewhere what is selected here."""
        if self._following:
            return
        chosen = self.table.selectionModel()
        current = chosen.currentIndex()
        ids = [self._row_at(index).layer_id for index in chosen.selectedRows()]
        self._following = True
        try:
            self._selection.select(ids, self._row_at(current).layer_id if current.isValid() else None)
        finally:
            self._following = False

    @Slot(QModelIndex)
    def _jump(self, index: QModelIndex) -> None:
        if index.isValid():
            self.layer_chosen.emit(self._row_at(index).layer_id)

    @Slot()
    def copy(self) -> None:
        """Copy the selected rows, or all if none is, as text with tabs between the columns."""
        numbers = self.table.selected_rows() or range(self._sorted.rowCount())
        rows = [self._row_at(self._sorted.index(number, 0)) for number in numbers]
        QGuiApplication.clipboard().setText(table_text(rows))

    @Slot()
    def _ask_save(self) -> None:
        self._refresher.now()
        proposed = f"{self._session.title}.csv"
        if self._session.path is not None:
            proposed = str(self._session.path.with_suffix(".csv"))
        name, _ = QFileDialog.getSaveFileName(self, "Save the table", proposed, "CSV files (*.csv)")
        if name:
            self.save_to(Path(name))

    def save_to(self, path: Path) -> None:
        """Write all rows to a CSV file; a name without ending gets ``.csv``. Says so by `message` if it cannot."""
        path = path if path.suffix else path.with_suffix(".csv")
        try:
            with replacing(path) as file:
                file.write(table_text(self.model.rows, ",").encode("utf-8"))
        except StorageError as error:
            self.message.emit(str(error))


class _ShareBar(QStyledItemDelegate):
    """Paints a share as a thin bar with the number before it."""

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:  # type: ignore[override]
        self.initStyleOption(option, index)
        text, cell = option.text, QRect(option.rect)
        option.text = ""
        style = option.widget.style()
        style.drawControl(style.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        if not text:
            return
        share = float(index.data(SORT_ROLE))
        family = index.siblingAtColumn(1).data(Qt.ItemDataRole.DecorationRole)
        gap, number = theme.px(8), option.fontMetrics.horizontalAdvance("< 0.1 %")
        label = QRect(cell.left() + gap, cell.top() - 1, number, cell.height())
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.qcolor("text"))
        painter.setFont(option.font)
        painter.drawText(label, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        height = theme.px(6)
        room = cell.right() - label.right() - 2 * gap
        bar = QRectF(label.right() + gap, cell.center().y() - height / 2, room, height)
        painter.setPen(Qt.PenStyle.NoPen)
        if room > height:
            painter.setBrush(theme.qcolor("line"))
            painter.drawRoundedRect(bar, height / 2, height / 2)
            bar.setWidth(max(height, room * share))
            painter.setBrush(family)
            painter.drawRoundedRect(bar, height / 2, height / 2)
        painter.restore()

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # type: ignore[override]
        return QSize(theme.px(136), super().sizeHint(option, index).height())
