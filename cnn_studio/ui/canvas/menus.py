"""The context menus of cards, wires and the empty canvas."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction, QContextMenuEvent
from PySide6.QtWidgets import QMenu, QWidget

from cnn_studio.graph.blocks import Block
from cnn_studio.graph.document import Link
from cnn_studio.graph.paths import prefixes
from cnn_studio.ui import theme
from cnn_studio.ui.canvas import style
from cnn_studio.ui.canvas.keys import keys_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnn_studio.ui.canvas.view import CanvasView


def _add(menu: QMenu, text: str, icon: str, keys: str, action: Callable[[], object]) -> QAction:
    # a tab and the keys show the keys without making a second shortcut of them
    entry = QAction(f"{text}\t{keys}" if keys else text, menu)
    if icon:
        entry.setIcon(theme.icon(icon))
    entry.triggered.connect(partial(_call, action))
    menu.addAction(entry)
    return entry


def _call(action: Callable[[], object], _checked: bool = False) -> None:
    action()


def menu_at(view: CanvasView, event: QContextMenuEvent) -> tuple[QMenu, QPoint]:
    """Return the menu of what lies under the mouse, which gets selected, and where in the viewport it opens.

    Asked for by a key, it is the menu of the selection.
    """
    network, at = view.network, event.pos()
    is_key = event.reason() == QContextMenuEvent.Reason.Keyboard
    if is_key and view.selected_link is not None:
        at = view.mapFromScene(network.wires[view.selected_link].middle())
        return wire_menu(view, view.selected_link, at), at
    if is_key and view.walker.here is not None:
        return card_menu(view), view.mapFromScene(network.cards[view.walker.here].pos())
    place = view.mapToScene(at)
    card = network.card_at(place.x(), place.y())
    frame = network.frames.at(place.x(), place.y())
    link = network.wire_at(place.x(), place.y(), style.WIRE_REACH)
    if card is not None:
        if not view.selection.ids.issuperset(network.picture.members(card)):
            view.select_card(card)
        return card_menu(view), at
    if frame is not None:
        view.select_block(frame.path)
        return card_menu(view), at
    if link is not None:
        view.select_link(link)
        return wire_menu(view, link, at), at
    return ground_menu(view, at), at


def card_menu(view: CanvasView) -> QMenu:
    """Return the menu of the selected cards."""
    menu, actions = QMenu(view), view.operations
    layers = view.context.document.layers
    chosen = [layers[layer_id] for layer_id in view.selection.ids]
    is_one = len(chosen) == 1
    block = view.blocks.current
    if is_one or len(view.network.keys_of(view.selection.ids)) == 1:
        _add(menu, "Rename", "edit", "F2", actions.rename)
    _add(menu, "Duplicate", "duplicate", "Ctrl+D", actions.duplicate)
    _add(menu, "Copy", "copy", "Ctrl+C", actions.copy)
    _add(menu, "Cut", "cut", "Ctrl+X", actions.cut)
    menu.addSeparator()
    if any(layer.trainable for layer in chosen):
        _add(menu, "Freeze", "snowflake", "", partial(actions.set_frozen, True))
    if any(not layer.trainable for layer in chosen):
        _add(menu, "Unfreeze", "", "", partial(actions.set_frozen, False))
    if is_one:
        mark = _add(menu, "Mark as output", "star", "", actions.mark_output)
        mark.setEnabled(view.context.document.info.output != chosen[0].id)
    menu.addSeparator()
    if len(view.network.keys_of(view.selection.ids)) > 1:
        menu.addMenu(align_menu(view, menu))
    _block_entries(view, menu, block)
    menu.addSeparator()
    _add(menu, "Delete", "delete", "Del", actions.delete)
    return menu


def _block_entries(view: CanvasView, menu: QMenu, block: Block | None) -> None:
    network, ids = view.network, view.selection.ids
    keys = network.keys_of(ids)
    if keys & network.picture.folded.keys():
        _add(menu, "Unfold", "", "Ctrl+Down", view.folds.unfold_selection)
    if any(set(prefixes(network.name_of(key))) & network.picture.open.keys() for key in keys):
        _add(menu, "Fold the block around it", "", "Ctrl+Up", view.folds.fold_selection)
    _add(menu, "Group into a block", "", "Ctrl+G", view.blocks.group)
    if block is not None:
        _add(menu, "Ungroup", "", "Ctrl+Shift+G", view.blocks.ungroup)
        _add(menu, "Repeat block…", "", "Ctrl+R", view.blocks.ask_repeat)
    _add(menu, "Save to My blocks…", "", "", view.blocks.keep)


def align_menu(view: CanvasView, parent: QWidget) -> QMenu:
    """Return the menu that puts the selected cards in line."""
    menu = QMenu("Align", parent)
    commands = view.operations.commands
    for text, name in (
        ("Left edges", "align_left"),
        ("Centres", "align_center"),
        ("Right edges", "align_right"),
        ("", ""),
        ("Upper edges", "align_up"),
        ("Middles", "align_middle"),
        ("Lower edges", "align_down"),
        ("", ""),
        ("Distribute across", "distribute_across"),
        ("Distribute down", "distribute_down"),
        ("Space evenly", "space_evenly"),
    ):
        if text:
            _add(menu, text, "", keys_of(name), commands[name])
        else:
            menu.addSeparator()
    return menu


def wire_menu(view: CanvasView, link: Link, at: QPoint) -> QMenu:
    """Return the menu of a wire; `at` is where the search for a layer to insert opens."""
    menu = QMenu(view)
    _add(menu, "Insert layer…", "plus", "", partial(view.open_search, at, link))
    _add(menu, "Remove link", "delete", "Del", view.operations.delete)
    return menu


def ground_menu(view: CanvasView, at: QPoint) -> QMenu:
    """Return the menu of the empty canvas."""
    menu, actions = QMenu(view), view.operations
    _add(menu, "Add layer…", "plus", "Ctrl+K", partial(view.open_search, at))
    _add(menu, "Paste", "paste", "Ctrl+V", actions.paste)
    _add(menu, "Select all", "", "Ctrl+A", actions.select_all)
    menu.addSeparator()
    _add(menu, "Arrange", "arrange", "", actions.arrange)
    _add(menu, "Fit", "fit", "Ctrl+0", view.fit)
    _add(menu, "100 %", "", "Ctrl+8", view.actual_size)
    if view.network.tree:
        menu.addSeparator()
        _add(menu, "Fold all", "", "", view.folds.fold_all)
        _add(menu, "Unfold all", "", "", view.folds.unfold_all)
    return menu
