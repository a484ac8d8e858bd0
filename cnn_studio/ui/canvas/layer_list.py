"""The list of layer types by family, with its search; used by the palette and by the quick search."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QDrag, QHelpEvent, QKeyEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)
from typing_extensions import override

from cnn_studio.graph.registry import all_specs, get_spec
from cnn_studio.graph.spec import Family, LayerSpec
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.card_paint import card_pixmap
from cnn_studio.ui.canvas.palette_drag import layer_mime
from cnn_studio.ui.concepts.tip import ConceptTip

TYPE_ROLE = int(Qt.ItemDataRole.UserRole)
FAMILY_ROLE = TYPE_ROLE + 1
REASON_ROLE = TYPE_ROLE + 2

_ROW, _HEADER, _FIRST_HEADER = 28, 34, 26
_SQUARE = 9

Index = QModelIndex | QPersistentModelIndex
_DRAGGED = 0.7  # size of the card under the cursor


def match_score(spec: LayerSpec, text: str) -> int | None:
    """Return how well a search text fits a layer type, lower being better; None if it does not.

    The letters may lie apart in the title (``gap`` finds Global average pool); names and keywords count by their
    beginnings.
    """
    wanted = "".join(text.lower().split())
    if not wanted:
        return 0
    title = spec.title.lower()
    words = title.replace("-", " ").split()
    if title.replace(" ", "").startswith(wanted):
        return 0
    if any(word.startswith(wanted) for word in words):
        return 1
    if "".join(word[0] for word in words).startswith(wanted) and len(wanted) > 1:
        return 2
    names = (spec.id, spec.id.replace("_", ""), *(word.replace(" ", "") for word in spec.keywords))
    if any(name.startswith(wanted) for name in names):
        return 3
    if wanted in title.replace(" ", ""):
        return 4
    if len(wanted) > 1 and (_in_order(wanted, title) or any(wanted in name for name in names)):
        return 5
    return None


def _in_order(letters: str, text: str) -> bool:
    """Return whether the letters stand in the text in this order, the first one at the start of a word."""
    starts = [
        at for at, letter in enumerate(text) if letter == letters[0] and (at == 0 or text[at - 1] == " ")
    ]
    for start in starts:
        rest = iter(text[start:])
        if all(letter in rest for letter in letters):
            return True
    return False


class LayerList(QListView):
    """The layer types under the captions of their families; searching shows the best matches first.

    Attributes:
        layer_chosen: with a type's id, on Enter or a double click.
    """

    layer_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
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
        self._fill()

    @property
    def is_empty(self) -> bool:
        """Whether the search found nothing."""
        return self._model.rowCount() == 0

    def types(self) -> list[str]:
        """Return the ids of the types shown, from top to bottom."""
        found = (self._model.item(row).data(TYPE_ROLE) for row in range(self._model.rowCount()))
        return [type_id for type_id in found if type_id]

    def search(self, text: str) -> None:
        """Show what fits a text, the best first, or all by family if it is empty."""
        if text.strip() != self._text:
            self._text = text.strip()
            self._fill()

    def set_reasons(self, reasons: Mapping[str, str]) -> None:
        """Mute the types that cannot go where they would, with the reason in the tooltip."""
        self._reasons = dict(reasons)
        for row in range(self._model.rowCount()):
            self._tell_reason(self._model.item(row))

    def _fill(self) -> None:
        self._model.clear()
        if self._text:
            scored = [(match_score(spec, self._text), n, spec) for n, spec in enumerate(all_specs())]
            found = sorted((score, n, spec.id, spec) for score, n, spec in scored if score is not None)
            for _, _, _, spec in found:
                self._add_type(spec)
            self.move_current(0)
            return
        specs = list(all_specs())
        for family in Family:
            members = [spec for spec in specs if spec.family is family]
            if members:
                header = QStandardItem(family.title)
                header.setFlags(Qt.ItemFlag.NoItemFlags)
                self._model.appendRow(header)
            for spec in members:
                self._add_type(spec)

    def _add_type(self, spec: LayerSpec) -> None:
        item = QStandardItem(spec.title)
        item.setData(spec.id, TYPE_ROLE)
        item.setData(spec.family.key, FAMILY_ROLE)
        item.setFlags(
            Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled
        )
        item.setData(spec.help, Qt.ItemDataRole.WhatsThisRole)
        self._tell_reason(item)
        self._model.appendRow(item)

    def _tell_reason(self, item: QStandardItem) -> None:
        type_id = item.data(TYPE_ROLE)
        if not type_id:
            return
        reason = self._reasons.get(type_id, "")
        help_text = item.data(Qt.ItemDataRole.WhatsThisRole)
        # a tag makes Qt wrap the lines
        parts = [f"<p><b>{item.text()}</b>. {help_text}</p>"]
        if reason:
            parts.append(f"<p>Not behind the selected layer: {reason}</p>")
        if item.data(REASON_ROLE) != reason:
            item.setData(reason, REASON_ROLE)
        item.setToolTip("".join(parts))

    @override
    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._explain(self.indexAt(event.pos()))
            return True
        return super().viewportEvent(event)

    def _explain(self, index: QModelIndex) -> None:
        """Show beside the mouse what a type does, on an example, and why it does not fit where it would go."""
        type_id = index.data(TYPE_ROLE)
        if not type_id:
            return
        if self._tip is None:
            self._tip = ConceptTip(self.viewport())
        spec, box = get_spec(type_id), self.visualRect(index)
        reason = index.data(REASON_ROLE)
        text = spec.help + (f"\n\nNot behind the selected layer: {reason}" if reason else "")
        place = QRect(self.viewport().mapToGlobal(box.topLeft()), box.size())
        self._tip.show_layer(place, spec.title, text, type_id, spec.default_params())

    # ---------------------------------------------------------------------------------------------- choosing, dragging

    def current_type(self) -> str | None:
        """Return the id of the type under the cursor, or None."""
        value = self.currentIndex().data(TYPE_ROLE)
        return str(value) if value else None

    def move_current(self, step: int) -> None:
        """Move the cursor by some types, past captions, stopping at the ends; 0 goes to the first."""
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
        """Choose the type under the cursor."""
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
        """Return the drag of the type under the cursor: its id, with its card as the picture."""
        type_id = self.current_type()
        if type_id is None:
            return None
        drag = QDrag(self)
        drag.setMimeData(layer_mime(type_id))
        whole = card_pixmap(type_id, self.devicePixelRatioF())
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
            return QSize(0, theme.px(_ROW))
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
            self._paint_caption(painter, inner, str(index.data()))
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
        square = QRect(inner.left(), inner.center().y() - side // 2, side, side)
        color = theme.qcolor(theme.current().family(index.data(FAMILY_ROLE)))
        painter.setPen(Qt.PenStyle.NoPen if not is_muted else color)
        painter.setBrush(color if not is_muted else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(square, theme.px(2), theme.px(2))
        painter.setPen(theme.qcolor("muted" if is_muted else "text"))
        painter.setFont(theme.ui_font())
        text = inner.adjusted(side + theme.px(space.s) + theme.px(1), 0, 0, 0)
        shown = painter.fontMetrics().elidedText(str(index.data()), Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()

    def _paint_caption(self, painter: QPainter, area: QRect, text: str) -> None:
        kinds = theme.current().type
        font = theme.ui_font(kinds.caption, kinds.strong)
        font.setLetterSpacing(font.SpacingType.AbsoluteSpacing, 0.6 * theme.scale())
        painter.setFont(font)
        painter.setPen(theme.qcolor("muted"))
        lower = area.adjusted(0, 0, 0, -theme.px(theme.current().space.xs))
        painter.drawText(lower, Qt.AlignmentFlag.AlignBottom, text.upper())
