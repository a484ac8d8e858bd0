"""What the window's menus offer of the canvas; the keys beside the entries are the canvas' own, not shortcuts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from cnn_studio.graph.layout import Direction
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.keys import keys_of
from cnn_studio.ui.canvas.menus import align_menu

if TYPE_CHECKING:
    from cnn_studio.ui.canvas.view import CanvasView

_WAYS: tuple[tuple[Direction, str], ...] = (("down", "From top to bottom"), ("right", "From left to right"))


def fill_edit(menu: QMenu, canvas: CanvasView) -> None:
    """Add what is done to the selection."""
    for text, name in (
        ("Cut", "cut"),
        ("Copy", "copy"),
        ("Paste", "paste"),
        ("Duplicate", "duplicate"),
        ("Delete", "delete"),
        ("Rename", "rename"),
        ("Select all", "select_all"),
    ):
        action = _add(menu, text, canvas.operations.commands[name], keys_of(name))
        if name in {"cut", "copy", "paste", "duplicate", "delete"}:
            theme.bind_icon(action, name)


def fill_network(menu: QMenu, canvas: CanvasView) -> None:
    """Add what is done to wires, places and blocks."""
    commands, folds = canvas.operations.commands, canvas.folds
    _add(menu, "Draw a wire", commands["link_from"], keys_of("link_from"))
    menu.addSeparator()
    menu.addMenu(align_menu(canvas, menu))
    menu.addSeparator()
    _add(menu, "Group into a block", commands["group"], keys_of("group"))
    _add(menu, "Ungroup", commands["ungroup"], keys_of("ungroup"))
    _add(menu, "Repeat block…", commands["repeat"], keys_of("repeat"))
    _add(menu, "Save to My blocks…", canvas.blocks.keep)
    _add(menu, "Import block…", canvas.blocks.take)
    menu.addSeparator()
    _add(menu, "Fold", commands["fold"], keys_of("fold"))
    _add(menu, "Unfold", commands["unfold"], keys_of("unfold"))
    _add(menu, "Fold all", folds.fold_all)
    for depth in (2, 3):
        _add(menu, f"Fold to depth {depth}", partial(folds.fold_to_depth, depth))
    _add(menu, "Unfold all", folds.unfold_all)


def direction_menu(canvas: CanvasView, parent: QWidget) -> QMenu:
    """Return the menu that says, and chooses, where the network runs to."""
    menu = QMenu("Direction", parent)
    group = QActionGroup(menu)
    entries: dict[Direction, QAction] = {}
    for way, text in _WAYS:
        entries[way] = action = menu.addAction(text)
        action.setCheckable(True)
        action.triggered.connect(partial(canvas.operations.run_to, way))
        group.addAction(action)

    def show() -> None:
        entries[canvas.context.view.direction].setChecked(True)

    menu.aboutToShow.connect(show)
    return menu


def _add(menu: QMenu, text: str, call: Callable[[], object], keys: str = "") -> QAction:
    action = menu.addAction(f"{text}\t{keys}" if keys else text)
    action.triggered.connect(partial(_call, call))
    return action


def _call(action: Callable[[], object], _checked: bool = False) -> None:
    action()
