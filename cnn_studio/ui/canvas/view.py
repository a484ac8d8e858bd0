"""The canvas: shows the network, and turns mouse, keys and drops into edits of the document."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal, Slot
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
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from cnn_studio.core.errors import StudioError
from cnn_studio.graph.commands import AnyCommand
from cnn_studio.graph.document import Link
from cnn_studio.ui import theme
from cnn_studio.ui.canvas import style
from cnn_studio.ui.canvas.actions import CanvasActions
from cnn_studio.ui.canvas.align_actions import AlignActions
from cnn_studio.ui.canvas.block_actions import BlockActions
from cnn_studio.ui.canvas.bubble import Bubble
from cnn_studio.ui.canvas.card_tip import CardTips
from cnn_studio.ui.canvas.chosen import Chosen
from cnn_studio.ui.canvas.context import EditingContext
from cnn_studio.ui.canvas.corner import Corner
from cnn_studio.ui.canvas.edge_scroll import EdgeScroller
from cnn_studio.ui.canvas.empty_hint import EmptyHint
from cnn_studio.ui.canvas.folds import Folds
from cnn_studio.ui.canvas.geometry import Box
from cnn_studio.ui.canvas.hand import Hand
from cnn_studio.ui.canvas.inserting import Inserter
from cnn_studio.ui.canvas.key_link import KeyLink
from cnn_studio.ui.canvas.keys_dialog import show_keys
from cnn_studio.ui.canvas.layer_drops import LayerDrops
from cnn_studio.ui.canvas.menus import menu_at
from cnn_studio.ui.canvas.navigation import MapView
from cnn_studio.ui.canvas.rename import Renamer
from cnn_studio.ui.canvas.scene import NetworkScene
from cnn_studio.ui.canvas.selection import SelectionModel
from cnn_studio.ui.canvas.walking import Walker

_END_ROOM = 24.0  # the output's mark below the last card


class CanvasView(MapView):
    """The canvas of the open network.

    Attributes:
        message: a sentence for the status bar: why an edit was refused.
        context: the open project.
        selection: the selected layers, shared with other panels.
        network: the scene.
        operations: what menus and keys do to the selection.
        folds: which blocks are folded.
        blocks: what is done to the selected block.
        align: what is done to the places of the selected cards.
        walker: the way of the keyboard.
        linker: the wire that is drawn by keys.
        scroller: moves the canvas while something is dragged to its edge.
        corner: the zoom and the map.
        bubble: what is said beside the mouse.
        tips: what hovering over a card shows.
        chosen: the cards and the wire that are selected.
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
        self.folds = Folds(self)
        self.blocks = BlockActions(self)
        self.align = AlignActions(self)
        self.walker = Walker(self)
        self.linker = KeyLink(self)
        self.scroller = EdgeScroller(self)
        self.operations = CanvasActions(self)
        self.bubble = Bubble(self.viewport())
        self.tips = CardTips(self)
        self.chosen = Chosen(self)
        self.renamer = Renamer(self)
        self.inserter = Inserter(self)
        self._drops = LayerDrops(self)
        self._hand = Hand(self)
        self._is_fresh = True  # nobody has moved the canvas yet
        self._build()

    def _build(self) -> None:
        self.setAccessibleName("Network")
        self.setAccessibleDescription("Layers as cards. Arrow keys walk along the wires, F2 renames.")
        self.setAcceptDrops(True)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._hint = EmptyHint(self.viewport())
        self.network.updated.connect(self._after_edit)
        self.network.reset.connect(self._after_reset)
        self.selection.changed.connect(self._show_selection)
        theme.manager().changed.connect(self._redress)
        self._after_reset()
        self.corner = Corner(self)

    # --------------------------------------------------------------------------------------- public: what panels ask

    @override
    def content_box(self) -> Box | None:
        box = self.network.bounds()
        if box is None:
            return None
        if self.network.picture.direction == "down":
            return box._replace(bottom=box.bottom + _END_ROOM)
        return box._replace(right=box.right + _END_ROOM)

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
        """Lay the network out anew, as one undo step."""
        self.operations.arrange()

    def zoom_to_selection(self) -> None:
        """Show the selected cards as large as they fit; everything if nothing is selected."""
        box = self.chosen.box()
        if box is None:
            self.fit()
        else:
            self.zoom_to(box)

    def show_keys(self) -> None:
        """Show what the keys and the mouse do."""
        show_keys(self)

    def reveal(self, layer_id: int) -> None:
        """Select a layer, unfold the blocks that hide it, and move the canvas if its card is out of sight."""
        if layer_id in self.context.document.layers:
            self.folds.reveal({layer_id})
            self.selection.select({layer_id}, layer_id)
            self.show_card(layer_id)

    def append_layer(self, type_id: str) -> None:
        """Add a layer behind the current one, or in front of the classifier, and select it."""
        self.inserter.append(type_id)

    def insert_at(self, scene_pos: QPointF, type_id: str) -> None:
        """Add a layer where a drop at that place of the scene would put it, and select it."""
        self.inserter.insert_at(scene_pos, type_id)

    def open_search(self, at: QPoint | None = None, link: Link | None = None) -> None:
        """Open the quick search.

        Args:
            at: where in the viewport; about the middle if None.
            link: the link that the layer goes into; behind the current layer if None.
        """
        self.inserter.open_search(at, link)

    def show_card(self, layer_id: int) -> None:
        """Move the canvas if the card that stands for a layer is out of sight."""
        face = self.network.face(layer_id)
        if face is None:
            return
        card = self.network.cards[face]
        seen = self.mapToScene(self.viewport().rect()).boundingRect()
        if not seen.contains(card.sceneBoundingRect()):
            self.glide_to(card.pos())

    # ------------------------------------------------------------------------------------------ following the model

    @Slot()
    def _after_edit(self) -> None:
        self.linker.cancel()
        self.inserter.planner.forget()
        self.selection.keep(self.context.document.layers)
        self.chosen.forget_gone()
        self._hand.forget_gone()
        self.renamer.forget_gone()
        self._show_selection()
        self._allow_everywhere()
        self._place_hint()

    @Slot()
    def _after_reset(self) -> None:
        self._cancel_gesture()
        self.inserter.planner.forget()
        self.chosen.forget_gone()
        self._hand.forget_gone()
        self.renamer.close()
        self.selection.clear()
        self._show_selection()
        self._place_hint()
        self._is_fresh = not self.isVisible()  # else it would be fitted again at the next look
        self.fit_readable()

    @Slot()
    def _show_selection(self) -> None:
        self.chosen.show()

    @property
    def selected_link(self) -> Link | None:
        """The wire that is selected, or None."""
        return self.chosen.wire

    @property
    def hot_link(self) -> Link | None:
        """The wire under the mouse, or None."""
        return self._hand.hot

    def select_card(self, key: int) -> None:
        """Select one card: its layer, or all layers of its block."""
        self.chosen.take_card(key)

    def select_block(self, path: str) -> None:
        """Select all layers of a block; the current one is its result."""
        self.chosen.take_block(path)

    def select_link(self, link: Link | None) -> None:
        """Select one wire (and no card), or none."""
        self.chosen.take_wire(link)

    @Slot()
    def _redress(self) -> None:
        self.set_zoom(self.zoom)
        self.network.update()
        self.viewport().update()

    def _place_hint(self) -> None:
        self._hint.place(is_shown=not self.network.cards)

    # ---------------------------------------------------------------------------------------------------------- mouse

    def show_ports(self, layer_id: int | None, ports: str) -> None:
        """Show ports of one card; those of the card before vanish."""
        self._hand.show_ports(layer_id, ports)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.linker.cancel()
        self.bubble.hide()
        self._hand.press(event.position().toPoint(), event.button(), event.modifiers())
        event.accept()

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        is_held = event.buttons() != Qt.MouseButton.NoButton
        self._hand.move(event.position().toPoint(), event.modifiers(), is_held=is_held)
        event.accept()

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._hand.release(event.position().toPoint(), event.button())
        event.accept()

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        place = self.mapToScene(at)
        self._hand.cancel()
        card = self.network.card_at(place.x(), place.y())
        frame = self.network.frames.at(place.x(), place.y())
        if card is not None and card in self.network.picture.folded:
            self.folds.unfold(self.network.name_of(card))
        elif card is not None:
            self.renamer.open(card)
        elif frame is not None:
            self.folds.fold(frame.path)
        elif self.network.wire_at(place.x(), place.y(), style.WIRE_REACH) is None:
            self.open_search(at)
        event.accept()

    @override
    def leaveEvent(self, event: QEvent) -> None:
        self._hand.leave()
        super().leaveEvent(event)

    def _cancel_gesture(self) -> None:
        self.linker.cancel()
        self._hand.cancel()
        self._drops.end()

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu, at = menu_at(self, event)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.viewport().mapToGlobal(at))
        event.accept()

    # ----------------------------------------------------------------------------------------------------------- keys

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not self.linker.is_busy:
            if self._hand.is_busy or self._drops.is_busy:
                self._cancel_gesture()
            elif not self.bubble.isHidden():
                self.bubble.hide()
            else:
                self.selection.clear()
                self.select_link(None)
        elif not (self.linker.press(event) or self.operations.press(event)):
            event.ignore()
            return
        event.accept()

    @override
    def focusNextPrevChild(self, forwards: bool) -> bool:
        # while a wire is drawn by keys, Tab goes through the cards that it may lead to
        return not self.linker.is_busy and super().focusNextPrevChild(forwards)

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() == Qt.FocusReason.ActiveWindowFocusReason:
            self._cancel_gesture()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_hint()
        self.corner.follow()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_fresh:
            self._is_fresh = False
            self.fit_readable()

    @override
    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self.tips.show(event)
            return True
        return super().viewportEvent(event)

    # ------------------------------------------------------------------------------------------- drops of layer types

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        is_taken = self._drops.enter(event.mimeData())
        if is_taken:
            self._hand.cancel()
        _answer(event, is_taken=is_taken)

    @override
    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        _answer(event, is_taken=self._drops.move(event.position().toPoint()))

    @override
    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drops.end()
        event.accept()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        _answer(event, is_taken=self._drops.drop(event.position().toPoint()))


def _answer(event: QDropEvent, *, is_taken: bool) -> None:
    event.setDropAction(Qt.DropAction.CopyAction)
    event.setAccepted(is_taken)
