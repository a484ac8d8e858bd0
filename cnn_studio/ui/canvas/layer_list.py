"""The list of layers and blocks in groups, with its search; used by the palette and by the quick search."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QDrag,
    QHelpEvent,
    QKeyEvent,
    QPainter,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)
from shiboken6 import isValid
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.canvas.card_paint import card_pixmap
from cnn_studio.ui.canvas.catalogue import Catalogue, Entry, grouped
from cnn_studio.ui.canvas.palette_drag import layer_mime
from cnn_studio.ui.concepts.tip import ConceptTip

TYPE_ROLE = int(Qt.ItemDataRole.UserRole)
FAMILY_ROLE = TYPE_ROLE + 1
REASON_ROLE = TYPE_ROLE + 2
SHOWN_ROLE = TYPE_ROLE + 3
ICON_ROLE = TYPE_ROLE + 4
CAPTION_ROLE = TYPE_ROLE + 5

_NO_BLOCKS = "Select a block or layers, then Network, Save to My blocks."
_ROW, _REASON, _HEADER, _FIRST_HEADER, _HINT = 28, 17, 34, 26, 52
_SQUARE = 16
_FAINT = 0.45

Index = QModelIndex | QPersistentModelIndex
_DRAGGED = 0.7  # size of the card under the cursor


class LayerList(QListView):
    """What a catalogue offers, under captions; searching shows the best matches first.

    Attributes:
        layer_chosen: with an entry's key, on Enter or a double click.
        menu_requested: with an entry's key and a place on the screen, on a right click or the menu key.
    """

    layer_chosen = Signal(str)
    menu_requested = Signal(str, QPoint)

    def __init__(self, catalogue: Catalogue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.catalogue = catalogue
        self._text = ""
        self._tip: ConceptTip | None = None
        self._reasons: dict[str, str] = {}
        self._model = QStandardItemModel(self)
        self.setModel(self._model)
        self.setItemDelegate(_Delegate(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setMouseTracking(True)
        self.setAccessibleName("Layers")
        self.doubleClicked.connect(self._choose)
        theme.manager().changed.connect(self._redress)
        catalogue.blocks.changed.connect(self._refill)  # psygnal holds bound methods weakly
        self._fill()

    @property
    def is_empty(self) -> bool:
        """Whether the search found nothing."""
        return self._model.rowCount() == 0

    def types(self) -> list[str]:
        """Return the keys of what is shown, from top to bottom."""
        found = (self._model.item(row).data(TYPE_ROLE) for row in range(self._model.rowCount()))
        return [type_id for type_id in found if type_id]

    def search(self, text: str) -> None:
        """Show what fits a text, the best first, or all by family if it is empty."""
        if text.strip() != self._text:
            self._text = text.strip()
            self._fill()

    def set_reasons(self, reasons: Mapping[str, str]) -> None:
        """Mute the entries that would fail where they would go, with the reason in the tool tip and beside matches."""
        self._reasons = dict(reasons)
        for row in range(self._model.rowCount()):
            self._tell_reason(self._model.item(row))

    def _refill(self) -> None:
        if isValid(self):
            self._fill()

    def _fill(self) -> None:
        self._model.clear()
        if self._text:
            for entry in self.catalogue.search(self._text):
                self._add_entry(entry)
            self.move_current(0)
            return
        for caption, entries in grouped(self.catalogue.entries).items():
            self._add_text(caption, is_caption=True)
            for entry in entries:
                self._add_entry(entry)
            if not entries:
                self._add_text(_NO_BLOCKS, is_caption=False)

    def _add_text(self, text: str, *, is_caption: bool) -> None:
        item = QStandardItem(text)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        item.setData(is_caption, CAPTION_ROLE)
        self._model.appendRow(item)

    def _add_entry(self, entry: Entry) -> None:
        item = QStandardItem(entry.title)
        item.setData(entry.key, TYPE_ROLE)
        item.setData(entry.family, FAMILY_ROLE)
        item.setData(entry.icon, ICON_ROLE)
        item.setFlags(
            Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled
        )
        item.setData(
            " ".join(part for part in (entry.help, entry.facts) if part), Qt.ItemDataRole.WhatsThisRole
        )
        self._tell_reason(item)
        self._model.appendRow(item)

    def _tell_reason(self, item: QStandardItem) -> None:
        key = item.data(TYPE_ROLE)
        if not key:
            return
        reason = self._reasons.get(key, "")
        help_text = item.data(Qt.ItemDataRole.WhatsThisRole)
        # a tag makes Qt wrap the lines; names of own blocks are any text
        parts = [f"<p><b>{escape(item.text())}</b>. {escape(help_text, quote=False)}</p>"]
        if reason:
            parts.append(f"<p>Not behind the selected layer: {escape(reason, quote=False)}</p>")
        shown = reason if self._text else ""  # beside the matches of a search there is room for it
        if item.data(REASON_ROLE) != reason or item.data(SHOWN_ROLE) != shown:
            item.setData(reason, REASON_ROLE)
            item.setData(shown, SHOWN_ROLE)
        item.setToolTip("".join(parts))

    @override
    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._explain(self.indexAt(event.pos()))
            return True
        return super().viewportEvent(event)

    def _explain(self, index: QModelIndex) -> None:
        """Show beside the mouse what an entry does, on an example, and why it does not fit where it would go."""
        entry = self.catalogue.find(index.data(TYPE_ROLE) or "")
        if entry is None:
            return
        if self._tip is None:
            self._tip = ConceptTip(self.viewport())
        reason, box = index.data(REASON_ROLE), self.visualRect(index)
        parts = [entry.help, entry.facts, f"Not behind the selected layer: {reason}" if reason else ""]
        place = QRect(self.viewport().mapToGlobal(box.topLeft()), box.size())
        text = "\n\n".join(part for part in parts if part)
        self._tip.show_layer(place, entry.title, text, *entry.sample())

    # ---------------------------------------------------------------------------------------------- choosing, dragging

    def current_type(self) -> str | None:
        """Return the key of the entry under the cursor, or None."""
        value = self.currentIndex().data(TYPE_ROLE)
        return str(value) if value else None

    def move_current(self, step: int) -> None:
        """Move the cursor by some entries, past captions, stopping at the ends; 0 goes to the first."""
        rows = [row for row in range(self._model.rowCount()) if self._model.item(row).data(TYPE_ROLE)]
        if not rows:
            return
        here = self.currentIndex().row()
        if step == 0 or here not in rows:
            target = rows[0] if step >= 0 else rows[-1]
        else:
            target = rows[max(0, min(len(rows) - 1, rows.index(here) + step))]
        index = self._model.index(target, 0)
        self.setCurrentIndex(index)
        self.scrollTo(self._model.index(0, 0) if target == rows[0] else index)

    def choose_current(self) -> None:
        """Choose the entry under the cursor."""
        type_id = self.current_type()
        if type_id is not None:
            self.layer_chosen.emit(type_id)

    @Slot(QModelIndex)
    def _choose(self, index: QModelIndex) -> None:
        type_id = index.data(TYPE_ROLE)
        if type_id:
            self.layer_chosen.emit(str(type_id))

    @Slot()
    def _redress(self) -> None:
        self.scheduleDelayedItemsLayout()
        self.viewport().update()

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        is_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if is_key else self.indexAt(event.pos())
        key = index.data(TYPE_ROLE)
        if key:
            place = self.visualRect(index).center() if is_key else event.pos()
            self.menu_requested.emit(key, self.viewport().mapToGlobal(place))

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.choose_current()
        elif event.key() in {Qt.Key.Key_Down, Qt.Key.Key_Up} and not self.currentIndex().isValid():
            self.move_current(0)
        else:
            super().keyPressEvent(event)

    @override
    def startDrag(self, supported: Qt.DropAction) -> None:
        drag = self.make_drag()
        if drag is not None:
            drag.exec(Qt.DropAction.CopyAction)

    def make_drag(self) -> QDrag | None:
        """Return the drag of the entry under the cursor: its key, with its card as the picture."""
        entry = self.catalogue.find(self.current_type() or "")
        if entry is None:
            return None
        drag = QDrag(self)
        drag.setMimeData(layer_mime(entry.key))
        whole = card_pixmap(entry.card(), self.devicePixelRatioF())
        picture = whole.scaledToWidth(
            round(whole.width() * _DRAGGED), Qt.TransformationMode.SmoothTransformation
        )
        drag.setPixmap(picture)
        # above the cursor and to its right: the gap that opens in a wire, and what will stand there, stay in view
        drag.setHotSpot(QPoint(-theme.px(12), round(picture.deviceIndependentSize().height()) + theme.px(8)))
        return drag


class _Delegate(QStyledItemDelegate):
    """Paints captions and entries."""

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        if index.data(TYPE_ROLE):
            return QSize(0, theme.px(_ROW + (_REASON if index.data(SHOWN_ROLE) else 0)))
        if not index.data(CAPTION_ROLE):
            return QSize(0, theme.px(_HINT))
        return QSize(0, theme.px(_HEADER if index.row() else _FIRST_HEADER))

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        space = theme.current().space
        inner = area.adjusted(theme.px(space.l), 0, -theme.px(space.s), 0)
        if not index.data(TYPE_ROLE):
            paint = self._paint_caption if index.data(CAPTION_ROLE) else self._paint_hint
            paint(painter, inner, str(index.data()))
            painter.restore()
            return
        is_selected = bool(state & QStyle.StateFlag.State_Selected)
        if is_selected or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.qcolor("accent_ground" if is_selected else "hover"))
            radius = theme.px(space.radius_small)
            painter.drawRoundedRect(area.adjusted(radius, 1, -radius, -1), radius, radius)
        is_muted = bool(index.data(REASON_ROLE))
        side = theme.px(_SQUARE)
        reason = str(index.data(SHOWN_ROLE) or "")
        line = inner.adjusted(0, 0, 0, -theme.px(_REASON)) if reason else inner
        square = QRect(line.left(), line.center().y() - side // 2, side, side)
        self._paint_icon(painter, square, index, is_muted=is_muted)
        painter.setPen(theme.qcolor("muted" if is_muted else "text"))
        painter.setFont(theme.ui_font())
        indent = side + theme.px(space.s) + theme.px(1)
        self._paint_line(painter, line.adjusted(indent, 0, 0, 0), str(index.data()))
        if reason:
            painter.setPen(theme.qcolor("muted"))
            painter.setFont(theme.ui_font(theme.current().type.small))
            below = QRect(
                inner.left() + indent, line.bottom() - theme.px(3), inner.width() - indent, theme.px(_REASON)
            )
            self._paint_line(painter, below, reason)
        painter.restore()

    def _paint_line(self, painter: QPainter, area: QRect, text: str) -> None:
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, shown)

    def _paint_icon(self, painter: QPainter, square: QRect, index: Index, *, is_muted: bool) -> None:
        """Paint the entry's drawing in the colour of its family, faint where the entry does not fit."""
        painter.setOpacity(_FAINT if is_muted else 1.0)
        icon = theme.icon(str(index.data(ICON_ROLE)), str(index.data(FAMILY_ROLE)))
        icon.paint(painter, square)
        painter.setOpacity(1.0)

    def _paint_hint(self, painter: QPainter, area: QRect, text: str) -> None:
        painter.setFont(theme.ui_font(theme.current().type.small))
        painter.setPen(theme.qcolor("muted"))
        painter.drawText(area, Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_caption(self, painter: QPainter, area: QRect, text: str) -> None:
        kinds = theme.current().type
        font = theme.ui_font(kinds.caption, kinds.strong)
        font.setLetterSpacing(font.SpacingType.AbsoluteSpacing, 0.6 * theme.scale())
        painter.setFont(font)
        painter.setPen(theme.qcolor("muted"))
        lower = area.adjusted(0, 0, 0, -theme.px(theme.current().space.xs))
        painter.drawText(lower, Qt.AlignmentFlag.AlignBottom, text.upper())
