"""How the program looks: tokens, fonts, icons, and the manager that follows light and dark.

Others ask here and nowhere else for colours and sizes::

    tokens = theme.current()                  # tokens.accent, tokens.families["convolution"], ...
    theme.manager().changed.connect(self.update)
    theme.px(tokens.space.m)                  # 12 at 100 % and 9.5 pt, more with larger text
    theme.set_role(button, "primary")
    theme.bind_icon(action, "play", "on_accent")
"""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import QApplication

from cnn_studio.ui.theme.manager import (
    Mode,
    ThemeManager,
    manager,
    mono_font,
    set_role,
    set_style_property,
    ui_font,
)
from cnn_studio.ui.theme.tokens import DARK, FAMILIES, LIGHT, Space, Tokens, TypeScale, contrast, ink_on

__all__ = [
    "DARK",
    "FAMILIES",
    "LIGHT",
    "Mode",
    "Space",
    "ThemeManager",
    "Tokens",
    "TypeScale",
    "apply",
    "bind_icon",
    "contrast",
    "current",
    "icon",
    "ink_on",
    "manager",
    "mono_font",
    "px",
    "qcolor",
    "scale",
    "set_role",
    "set_style_property",
    "ui_font",
]


def current() -> Tokens:
    """Return the tokens that count now; ask again after `ThemeManager.changed`."""
    return manager().tokens


def apply(app: QApplication) -> None:
    """Dress the application; call once, before the first window."""
    manager().apply(app)


def scale() -> float:
    """Return the size of the interface font relative to 9.5 pt at 100 %."""
    return manager().factor


def px(size: float) -> int:
    """Return a size at 100 % and 9.5 pt in pixels of now; 0 stays 0, all else is at least 1."""
    return manager().px(size)


def qcolor(name: str, alpha: float = 1.0) -> QColor:
    """Return a colour by token name, family key or ``#rrggbb``, as it is now.

    Args:
        name: such as ``accent``, ``convolution`` or ``#ffffff``.
        alpha: opacity from 0 to 1.

    Raises:
        KeyError: there is no such colour.
    """
    color = QColor(current().color(name))
    color.setAlphaF(alpha)
    return color


def icon(name: str, role: str = "text") -> QIcon:
    """Return an icon in the colour of a token as it is now; `bind_icon` is the one that follows the theme.

    Raises:
        KeyError: there is no icon of this name, or no colour of this role.
    """
    return manager().icon(name, role)


def bind_icon(target: QObject, name: str, role: str = "text") -> None:
    """Give a button or an action (anything with ``setIcon``) an icon that follows the theme."""
    manager().bind_icon(target, name, role)
