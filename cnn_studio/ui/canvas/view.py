"""The canvas: shows the network, and turns mouse, keys and drops into edits of the document."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QApplication, QLabel, QToolTip, QWidget
from typing_extensions import override

from cnn_studio.core.errors import StudioError
from cnn_studio.graph.commands import AnyCommand, RenameLayer
from cnn_studio.graph.document import Link
from cnn_studio.ui import theme
from cnn_studio.ui.canvas import style
from cnn_studio.ui.canvas.actions import CanvasActions
from cnn_studio.ui.canvas.bubble import Bubble
from cnn_studio.ui.canvas.context import EditingContext
from cnn_studio.ui.canvas.drop import Planner, Spot, free_spot_above, spot_below
from cnn_studio.ui.canvas.gestures import Connect, Gesture, MoveCards, Pan, RubberBand
from cnn_studio.ui.canvas.menus import card_menu, ground_menu, wire_menu
from cnn_studio.ui.canvas.navigation import MapView
from cnn_studio.ui.canvas.palette_drag import PaletteDrag, dragged_type
from cnn_studio.ui.canvas.quick_search import QuickSearch
from cnn_studio.ui.canvas.rename import RenameField
from cnn_studio.ui.canvas.routing import Box
from cnn_studio.ui.canvas.scene import NetworkScene
from cnn_studio.ui.canvas.selection import SelectionModel

_EMPTY = (
    "This network is empty.\n\nDrag an Input from the palette onto the canvas,\n"
    "or press Ctrl K here and choose one.\n\nOr open a starter from the File menu."
)
_END_ROOM = 24.0  # the output's mark below the last card


class CanvasView(MapView):
    """The canvas of the open network.

    Attributes:
        message: a sentence for the status bar: an edit that was refused, and why.
        context: the open project.
        selection: the selected layers, shared with other panels.
        network: the scene.
        operations: what menus and keys do to the selection.
        bubble: what is said beside the mouse.
        selected_link: the link whose wire was clicked, or None.
    """

    message = Signal(str)

    def __init__(
        self,
        context: EditingContext,
        selection: SelectionModel | None = None,
        parent: QWidget | None = None,
    ) -> None:
        self.network = NetworkScene(context)
        super().__init__(self.network, parent)
        self.network.setParent(self)
        self.context = context
        self.selection = selection if selection is not None else SelectionModel(self)
        self.operations = CanvasActions(self)
        self.bubble = Bubble(self.viewport())
        self.selected_link: Link | None = None
        self.rename_field: RenameField | None = None
        self.search: QuickSearch | None = None
        self._planner = Planner()
        self._gesture: Gesture | None = None
        self._pressed: tuple[QPoint, int] | None = None  # where on which card, before it is a gesture
        self._drag: PaletteDrag | None = None
        self._ported: int | None = None
        self._hot: Link | None = None
        self._is_fresh = True  # nobody has moved the canvas yet
        self._build()

    def _build(self) -> None:
        self.setAccessibleName("Network")
        self.setAccessibleDescription("Layers as cards. Arrow keys walk along the wires, F2 renames.")
        self.setAcceptDrops(True)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._hint = QLabel(_EMPTY, self.viewport())
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        theme.set_role(self._hint, "muted")
        self.network.updated.connect(self._after_edit)
        self.network.reset.connect(self._after_reset)
        self.selection.changed.connect(self._show_selection)
        theme.manager().changed.connect(self._redress)
        self._after_reset()

    # --------------------------------------------------------------------------------------- public: what panels ask

    @override
    def content_box(self) -> Box | None:
        box = self.network.bounds()
        return None if box is None else box._replace(bottom=box.bottom + _END_ROOM)

    def edit(self, command: AnyCommand) -> bool:
        """Carry out an edit as one undo step; a refusal is said beside the mouse. Return whether it was done."""
        try:
            self.context.stack.push(command)
        except StudioError as error:
            self.complain(str(error))
            return False
        return True

    def complain(self, text: str, at: QPoint | None = None) -> None:
        """Say a sentence beside the mouse (or a place of the viewport) and in the status bar."""
        if at is None:
            at = self.viewport().mapFromGlobal(self.cursor().pos())
            if not self.viewport().rect().contains(at):
                at = self.viewport().rect().center()
        self.bubble.say(text, at)
        self.message.emit(text)

    def arrange(self) -> None:
        """Lay the network out anew, as one undo step, and show all of it."""
        self.operations.arrange()

    def reveal(self, layer_id: int) -> None:
        """Select a layer and bring its card to the middle of the view."""
        card = self.network.cards.get(layer_id)
        if card is not None:
            self.selection.select({layer_id}, layer_id)
            self.glide_to(card.pos())

    def append_layer(self, type_id: str) -> None:
        """Add a layer behind the current one, or behind the output if nothing is selected, and select it."""
        document = self.context.document
        spot = spot_below(document, self.selection.current)
        if type_id == "input":
            spot = free_spot_above(document)
        self._insert(type_id, spot)

    def insert_at(self, scene_pos: QPointF, type_id: str) -> None:
        """Add a layer where a drop at that place of the scene would put it, and select it."""
        drag = PaletteDrag(self, self._planner, type_id)
        spot = drag.spot_at(scene_pos)
        drag.end()
        self._insert(type_id, spot)

    def insert_on(self, link: Link, type_id: str) -> None:
        """Add a layer into a link, and select it."""
        self._insert(type_id, Spot(link=link))

    def _insert(self, type_id: str, spot: Spot) -> None:
        plan = self._planner.plan(self.context.report(), type_id, spot)
        if plan.command is None:
            self.complain(plan.refusal)
            return
        if self.edit(plan.command):
            self.selection.select({plan.new_id}, plan.new_id)
            self.show_card(plan.new_id)

    def show_card(self, layer_id: int) -> None:
        """Move the canvas if a card lies outside of what is seen."""
        card = self.network.cards[layer_id]
        seen = self.mapToScene(self.viewport().rect()).boundingRect()
        if not seen.contains(card.sceneBoundingRect()):
            self.glide_to(card.pos())

    def open_search(self, at: QPoint | None = None, link: Link | None = None) -> None:
        """Open the quick search.

        Args:
            at: where in the viewport; the middle if None.
            link: the link that the layer goes into; behind the current layer if None.
        """
        self._close_search()
        place = (
            at if at is not None else self.viewport().rect().center() - QPoint(theme.px(130), theme.px(120))
        )
        self.search = QuickSearch(self, link)
        self.search.layer_chosen.connect(self._take_search)
        self.search.open_at(self.viewport().mapToGlobal(place))

    def _close_search(self) -> None:
        if self.search is not None:
            self.search.close()
            self.search.deleteLater()
            self.search = None

    @Slot(str)
    def _take_search(self, type_id: str) -> None:
        link = self.search.link if self.search is not None else None
        self._close_search()
        if link is not None and link in self.network.wires:
            self.insert_on(link, type_id)
        else:
            self.append_layer(type_id)
        self.setFocus()

    # ------------------------------------------------------------------------------------------ following the model

    @Slot()
    def _after_edit(self) -> None:
        self._planner.forget()
        self.selection.keep(self.context.document.layers)
        if self.selected_link not in self.network.wires:
            self.selected_link = None
        if self._hot not in self.network.wires:
            self._hot = None
        if self._ported not in self.network.cards:
            self._ported = None
        if self.rename_field is not None and self.rename_field.layer_id not in self.network.cards:
            self.rename_field.close_quietly()
        self._show_selection()
        self._allow_everywhere()
        self._place_hint()

    @Slot()
    def _after_reset(self) -> None:
        self._cancel_gesture()
        self._planner.forget()
        self.selected_link = self._hot = self._ported = None
        if self.rename_field is not None:
            self.rename_field.close_quietly()
        self.selection.clear()
        self._show_selection()
        self._place_hint()
        self._is_fresh = True
        self.fit_readable()

    @Slot()
    def _show_selection(self) -> None:
        ids = self.selection.ids
        if ids:
            self.select_link(None)
        for layer_id, card in self.network.cards.items():
            card.set_selected(layer_id in ids)

    def select_link(self, link: Link | None) -> None:
        """Select one wire (and no card), or none."""
        before, self.selected_link = self.selected_link, link
        if before is not None and before != self._hot and before in self.network.wires:
            self.network.wires[before].set_hot(False)
        if link is not None:
            self.selection.clear()
            self.network.wires[link].set_hot(True)

    @Slot()
    def _redress(self) -> None:
        self.set_zoom(self.zoom)
        self.network.update()
        self.viewport().update()

    def _place_hint(self) -> None:
        self._hint.setVisible(not self.network.cards)
        self._hint.adjustSize()
        self._hint.move(self.viewport().rect().center() - self._hint.rect().center())

    # ------------------------------------------------------------------------------------------------------- renaming

    def rename(self, layer_id: int) -> None:
        """Open the field for a layer's name on its card."""
        card = self.network.cards.get(layer_id)
        if card is None:
            return
        if self.rename_field is not None:
            self.rename_field.close_quietly()
        inner = style.CARD.adjusted(style.BAR_WIDTH + 3, 3, -3, 0)
        top = self.mapFromScene(card.pos() + inner.topLeft())
        right = self.mapFromScene(card.pos() + inner.topRight())
        height = theme.px(theme.current().space.control)
        area = QRect(top, QPoint(max(right.x(), top.x() + theme.px(120)), top.y() + height))
        self.rename_field = RenameField(
            layer_id, self.context.document.layer(layer_id).path, area, self.viewport()
        )
        self.rename_field.entered.connect(self._take_name)
        self.rename_field.left.connect(self._rename_left)

    @Slot(int, str)
    def _take_name(self, layer_id: int, path: str) -> None:
        field = self.rename_field
        if field is None:
            return
        try:
            self.context.stack.push(RenameLayer(id=layer_id, path=path))
        except StudioError as error:
            field.refuse()
            self.complain(str(error), field.geometry().bottomLeft())
            return
        self.bubble.hide()
        field.close_quietly()

    @Slot()
    def _rename_left(self) -> None:
        self.rename_field = None
        self.bubble.hide()
        self.setFocus()

    # ---------------------------------------------------------------------------------------------------------- mouse

    def show_ports(self, layer_id: int | None, ports: str) -> None:
        """Show ports of one card; those of the card before vanish."""
        if self._ported is not None and self._ported != layer_id and self._ported in self.network.cards:
            self.network.cards[self._ported].set_ports("")
        self._ported = layer_id
        if layer_id is not None:
            self.network.cards[layer_id].set_ports(ports)

    def _port_at(self, place: QPointF) -> tuple[int, str] | None:
        """Return the card and the port (``i`` or ``o``) at a place."""
        reach = max(style.PORT_REACH, style.PORT_REACH / self.zoom * 0.7)
        card = self.network.card_at(place.x(), place.y(), reach)
        if card is None or self.zoom < style.TILE_ZOOM:
            return None
        offset = place - self.network.cards[card].pos()
        for port, y in (("o", style.CARD.bottom()), ("i", style.CARD.top())):
            if abs(offset.x()) <= reach and abs(offset.y() - y) <= reach:
                return card, port
        return None

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        left = event.button() == Qt.MouseButton.LeftButton
        self.bubble.hide()
        if self._gesture is not None:
            return
        if event.button() == Qt.MouseButton.MiddleButton or (left and shift):
            self._gesture = Pan(self, at)
        elif left:
            self._press(at, adds=bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
        event.accept()

    def _press(self, at: QPoint, *, adds: bool) -> None:
        place = self.mapToScene(at)
        port = self._port_at(place)
        if port is not None and self._start_wire(at, *port):
            return
        card = self.network.card_at(place.x(), place.y())
        if card is not None:
            if adds:
                self.selection.toggle(card)
            elif card not in self.selection.ids:
                self.selection.select({card}, card)
            else:
                self.selection.select(self.selection.ids, card)
            self._pressed = (at, card) if card in self.selection.ids else None
            return
        link = self.network.wire_at(place.x(), place.y(), style.WIRE_REACH)
        if link is not None:
            self.select_link(link)
            self._pressed = (at, 0)
            return
        self.select_link(None)
        if not adds:
            self.selection.clear()
        self._gesture = RubberBand(self, at, adds=adds)

    def _start_wire(self, at: QPoint, card: int, port: str) -> bool:
        """Start drawing a wire from a port, or take the wire off that ends there; return whether it was done."""
        if port == "o":
            self._gesture = Connect(self, at, card, leads_out=True)
            return True
        links = self.context.document.inputs_of(card)
        spec = self.context.document.layer(card).spec
        if spec is not None and spec.max_inputs == 0:
            return False
        if links and spec is not None and spec.max_inputs == 1:
            self._gesture = Connect(self, at, links[0].source, leads_out=True, link=links[0])
        else:
            self._gesture = Connect(self, at, card, leads_out=False)
        return True

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        if self._gesture is None and self._pressed is not None:
            start, card = self._pressed
            if (at - start).manhattanLength() >= QApplication.startDragDistance():
                self._pressed = None
                self._gesture = MoveCards(self, start, card) if card else self._take_wire(start)
        if self._gesture is not None:
            self._gesture.move(at)
        elif not event.buttons():
            self._hover(at)
        event.accept()

    def _take_wire(self, at: QPoint) -> Gesture | None:
        """Start moving the end of the selected wire that is nearer."""
        link = self.selected_link
        if link is None:
            return None
        y = self.mapToScene(at).y()
        cards = self.network.cards
        to_source, to_target = abs(y - cards[link.source].y()), abs(cards[link.target].y() - y)
        if to_source < to_target:
            return Connect(self, at, link.target, leads_out=False, link=link)
        return Connect(self, at, link.source, leads_out=True, link=link)

    def _hover(self, at: QPoint) -> None:
        place = self.mapToScene(at)
        card = self.network.card_at(place.x(), place.y(), style.PORT_REACH)
        ports = ""
        if card is not None and self.zoom >= style.TILE_ZOOM:
            spec = self.context.document.layer(card).spec
            ports = "o" if spec is not None and spec.max_inputs == 0 else "io"
        self.show_ports(card, ports)
        link = None if card is not None else self.network.wire_at(place.x(), place.y(), style.WIRE_REACH)
        if link != self._hot:
            if self._hot in self.network.wires and self._hot is not None and self._hot != self.selected_link:
                self.network.wires[self._hot].set_hot(False)
            self._hot = link
            if link is not None:
                self.network.wires[link].set_hot(True)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = None
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.finish(event.position().toPoint())
        event.accept()

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        place = self.mapToScene(at)
        self._cancel_gesture()
        card = self.network.card_at(place.x(), place.y())
        if card is not None:
            self.rename(card)
        elif self.network.wire_at(place.x(), place.y(), style.WIRE_REACH) is None:
            self.open_search(at)
        event.accept()

    @override
    def leaveEvent(self, event: QEvent) -> None:
        if self._gesture is None:
            self.show_ports(None, "")
        super().leaveEvent(event)

    def _cancel_gesture(self) -> None:
        gesture, self._gesture, self._pressed = self._gesture, None, None
        if gesture is not None:
            gesture.cancel()
        if self._drag is not None:
            self._drag.end()
            self._drag = None

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        place = self.mapToScene(event.pos())
        card = self.network.card_at(place.x(), place.y())
        link = self.network.wire_at(place.x(), place.y(), style.WIRE_REACH)
        if card is not None:
            if card not in self.selection.ids:
                self.selection.select({card}, card)
            menu = card_menu(self)
        elif link is not None:
            self.select_link(link)
            menu = wire_menu(self, link, event.pos())
        else:
            menu = ground_menu(self, event.pos())
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())
        event.accept()

    # ----------------------------------------------------------------------------------------------------------- keys

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            if self._gesture is not None or self._drag is not None:
                self._cancel_gesture()
            elif not self.bubble.isHidden():
                self.bubble.hide()
            else:
                self.selection.clear()
                self.select_link(None)
        elif not self.operations.press(event):
            event.ignore()
            return
        event.accept()

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() == Qt.FocusReason.ActiveWindowFocusReason:
            self._cancel_gesture()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_hint()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_fresh:
            self._is_fresh = False
            self.fit_readable()

    @override
    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self.mapToScene(event.pos())
            card = self.network.card_at(place.x(), place.y(), style.BADGE_RADIUS)
            text = self.operations.tool_tip(card) if card is not None else ""
            QToolTip.showText(event.globalPos(), text, self.viewport(), QRectF(0, 0, 1, 1).toRect())
            return True
        return super().viewportEvent(event)

    # ------------------------------------------------------------------------------------------- drops of layer types

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        type_id = dragged_type(event.mimeData())
        if type_id is None:
            event.ignore()
            return
        self._cancel_gesture()
        self._drag = PaletteDrag(self, self._planner, type_id)
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    @override
    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if self._drag is not None and self._drag.move(event.position().toPoint()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        else:
            event.ignore()

    @override
    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        if self._drag is not None:
            self._drag.end()
            self._drag = None
        event.accept()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        drag, self._drag = self._drag, None
        if drag is None:
            event.ignore()
            return
        drag.move(event.position().toPoint())
        plan = drag.plan
        drag.end()
        if plan is not None and plan.command is not None and self.edit(plan.command):
            self.selection.select({plan.new_id}, plan.new_id)
            self.setFocus()
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        else:
            event.ignore()
