"""What the keys and the mouse do on the canvas: the one table that canvas, menus, the list of keys and the README read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

_SHIFT, _KEYPAD = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.KeypadModifier


class Row(NamedTuple):
    """One line of the list of keys.

    Attributes:
        group: the heading that it stands under.
        text: what is done.
        actions: the keys of each action, the first of them shown in menus.
        shown: what the list says in place of the keys.
    """

    group: str
    text: str
    actions: Mapping[str, tuple[str, ...]]
    shown: str = ""

    @property
    def keys(self) -> str:
        """The keys as the list says them."""
        return self.shown or " or ".join(key for keys in self.actions.values() for key in keys)


def _arrows(name: str, keys: str = "") -> dict[str, tuple[str, ...]]:
    return {f"{name}_{way.lower()}": (f"{keys}{way}",) for way in ("Left", "Right", "Up", "Down")}


_GO, _EDIT, _LINK, _ALIGN, _BLOCK, _MOUSE = "Look around", "Edit", "Wires", "Align", "Blocks", "Mouse"

TABLE: tuple[Row, ...] = (
    Row(_GO, "Go along the wires, or to the card beside", _arrows("walk"), "Arrow keys"),
    Row(_GO, "Select the card on the way too", _arrows("extend", "Shift+"), "Shift+arrow keys"),
    Row(_GO, "Go to the first or the last layer", {"first": ("Home",), "last": ("End",)}),
    Row(_GO, "Move the view by a page", {"page_up": ("PgUp",), "page_down": ("PgDown",)}),
    Row(_GO, "Zoom in or out", {"zoom_in": ("Ctrl++", "Ctrl+="), "zoom_out": ("Ctrl+-",)}, "Ctrl++ or Ctrl+-"),
    Row(_GO, "Show the whole network", {"fit": ("Ctrl+0",)}),
    Row(_GO, "Show the selection", {"zoom_to_selection": ("Ctrl+9",)}),
    Row(_GO, "Show it at 100 %", {"actual_size": ("Ctrl+8",)}),
    Row(_GO, "Show this list", {"help": ("F1", "?")}),
    Row(_EDIT, "Add a layer: search it by name", {"search": ("Ctrl+K",)}),
    Row(_EDIT, "Rename", {"rename": ("F2",)}),
    Row(_EDIT, "Delete, and join what is left", {"delete": ("Del", "Backspace")}),
    Row(_EDIT, "Cut, copy or paste", {"cut": ("Ctrl+X",), "copy": ("Ctrl+C",), "paste": ("Ctrl+V",)}),
    Row(_EDIT, "Duplicate", {"duplicate": ("Ctrl+D",)}),
    Row(_EDIT, "Select all", {"select_all": ("Ctrl+A",)}),
    Row(_EDIT, "Move the selected cards by a step", _arrows("nudge", "Alt+"), "Alt+arrow keys"),
    Row(_EDIT, "Give up what is going on, or select nothing", {}, "Esc"),
    Row(_LINK, "Draw a wire from the card: arrow keys choose where to, Enter links", {"link_from": ("L",)}),
    Row(_LINK, "Draw a wire into the card", {"link_into": ("Shift+L",)}),
    Row(_LINK, "Select the card's wires, one after the other", {"next_wire": ("W",)}),
    Row(_LINK, "With a wire selected: insert a layer, take its end elsewhere, or remove it", {}, "Ctrl+K, L or Del"),
    Row(_ALIGN, "Align edges", _arrows("align", "Ctrl+Shift+"), "Ctrl+Shift+arrow keys"),
    Row(_ALIGN, "Align the centres, one below the other", {"align_center": ("Ctrl+Shift+H",)}),
    Row(_ALIGN, "Align the middles, side by side", {"align_middle": ("Ctrl+Shift+M",)}),
    Row(_ALIGN, "Distribute across or down: the outer ones stay", {"distribute_across": ("Ctrl+Shift+X",), "distribute_down": ("Ctrl+Shift+Y",)}),
    Row(_ALIGN, "Space evenly: at the usual distance, the first one stays", {"space_evenly": ("Ctrl+Shift+B",)}),
    Row(_BLOCK, "Fold or unfold the selected block", {"toggle_fold": ("Return", "Enter")}, "Enter"),
    Row(_BLOCK, "Fold the block around it, or unfold", {"fold": ("Ctrl+Up",), "unfold": ("Ctrl+Down",)}),
    Row(_BLOCK, "Group into a block, or ungroup", {"group": ("Ctrl+G",), "ungroup": ("Ctrl+Shift+G",)}),
    Row(_BLOCK, "Repeat the block", {"repeat": ("Ctrl+R",)}),
    Row(_MOUSE, "Zoom at the mouse", {}, "Wheel"),
    Row(_MOUSE, "Move the view", {}, "Middle button, or Shift+drag"),
    Row(_MOUSE, "Select what a rectangle touches; Ctrl adds", {}, "Drag on the ground"),
    Row(_MOUSE, "Move cards without snapping to others", {}, "Alt while dragging"),
    Row(_MOUSE, "Draw a wire from a port, or take a wire's end elsewhere", {}, "Drag a port or a wire"),
    Row(_MOUSE, "Rename, unfold, or add a layer on the ground", {}, "Double click"),
)  # fmt: skip


@lru_cache(maxsize=1)
def _by_keys() -> dict[int, str]:
    found: dict[int, str] = {}
    for row in TABLE:
        for name, keys in row.actions.items():
            for key in keys:
                found[_combined(key)] = name
    return found


def _combined(keys: str) -> int:
    chord = QKeySequence(keys)[0]  # type: ignore[index]  # the stub does not know that it can be indexed
    combined: int = chord.toCombined()
    return combined


def action_of(event: QKeyEvent) -> str | None:
    """Return the name of the action that a key stands for."""
    modifiers = event.modifiers() & ~_KEYPAD
    known = _by_keys()
    key = event.key()
    found = known.get(key | modifiers.value)
    if found is None and modifiers & _SHIFT and 0x20 < key < 0x7F and not chr(key).isalpha():
        # on many keyboards a sign such as + needs Shift itself
        found = known.get(key | (modifiers & ~_SHIFT).value)
    return found


def keys_of(name: str) -> str:
    """Return the first keys of an action, as menus show them; empty if it has none."""
    for row in TABLE:
        if name in row.actions:
            return row.actions[name][0]
    return ""


def groups() -> list[tuple[str, list[Row]]]:
    """Return the table by its headings."""
    return [(name, list(rows)) for name, rows in groupby(TABLE, key=lambda row: row.group)]


def as_markdown() -> str:
    """Return the table as the README has it."""
    lines = ["| | keys | what they do |", "|---|---|---|"]
    for name, rows in groups():
        for n, row in enumerate(rows):
            lines.append(f"| {name if n == 0 else ''} | {row.keys} | {row.text} |")
    return "\n".join(lines) + "\n"
