"""The one theme manager: which tokens count now, and how they reach Qt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, Protocol
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from cnn_studio.core.scratch import scratch_folder
from cnn_studio.ui.theme import icons, stylesheet
from cnn_studio.ui.theme.icon_paths import svg
from cnn_studio.ui.theme.tokens import DARK, LIGHT, PAPER, Tokens

Mode = Literal["system", "light", "dark"]

_REFERENCE_DPI = 96.0


class _TakesIcon(Protocol):
    def setIcon(self, icon: QIcon) -> None: ...


class ThemeManager(QObject):
    """Holds the mode and the tokens, dresses the application, and tells everybody who paints.

    Attributes:
        changed: emitted after tokens, palette and style sheet have changed (another theme or text size).
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._mode: Mode = "system"
        self._tokens = LIGHT
        self._factor = 1.0
        self._points: float | None = None
        self._app: QApplication | None = None
        self._images: TemporaryDirectory[str] | None = None
        self._icons: dict[tuple[str, str, str, float], QIcon] = {}
        self._icon_users: WeakKeyDictionary[QObject, tuple[str, str]] = WeakKeyDictionary()

    @property
    def mode(self) -> Mode:
        """What the user chose: follow the system, or always light or dark."""
        return self._mode

    @property
    def tokens(self) -> Tokens:
        """The tokens that count now."""
        return self._tokens

    @property
    def factor(self) -> float:
        """Size of the interface font relative to 9.5 pt at 100 %."""
        return self._factor

    def px(self, size: float) -> int:
        """Return a size at 100 % and 9.5 pt in pixels of now, rounded; 0 stays 0, all else is at least 1."""
        return max(1, round(size * self._factor)) if size > 0 else 0

    def apply(self, app: QApplication) -> None:
        """Dress the application and follow the system from now on; call once, before the first window."""
        self._app = app
        app.setStyle("Fusion")
        self._set_font(app)
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._system_changed, Qt.ConnectionType.UniqueConnection)
        self._tokens = self._wanted()
        self._dress(app)

    def set_mode(self, mode: Mode) -> None:
        """Follow the system, or stay light or dark."""
        if mode == self._mode:
            return
        self._mode = mode
        hints = QGuiApplication.styleHints()
        if mode == "system":
            hints.unsetColorScheme()
        else:  # native title bars and file dialogs go along
            hints.setColorScheme(Qt.ColorScheme.Dark if mode == "dark" else Qt.ColorScheme.Light)
        self._refresh()

    def set_font_size(self, points: float | None) -> None:
        """Set the size of the interface font in points; None takes the system's."""
        self._points = points
        if self._app is not None:
            self._set_font(self._app)
            self._dress(self._app)
            self._tell()

    @contextmanager
    def on_paper(self) -> Iterator[None]:
        """Let colours and sizes be those of a printed picture inside the block: light, on white, at 100 %.

        The window is told nothing, so it must not paint meanwhile.
        """
        before = self._tokens, self._factor
        self._tokens, self._factor = PAPER, 1.0
        try:
            yield
        finally:
            self._tokens, self._factor = before

    @Slot()
    def _system_changed(self) -> None:
        if self._mode == "system":
            self._refresh()

    def _wanted(self) -> Tokens:
        if self._mode == "system":
            dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        else:
            dark = self._mode == "dark"
        return DARK if dark else LIGHT

    def _refresh(self) -> None:
        wanted = self._wanted()
        if wanted is self._tokens:
            return
        self._tokens = wanted
        if self._app is not None:
            self._dress(self._app)
        self._tell()

    def _tell(self) -> None:
        for target, (name, role) in list(self._icon_users.items()):
            _give_icon(target, self.icon(name, role))
        self.changed.emit()

    def _set_font(self, app: QApplication) -> None:
        """Take the system's font, at least 9.5 pt at 100 % tall, and measure it."""
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
        screen = app.primaryScreen()
        dpi = screen.logicalDotsPerInch() if screen is not None else _REFERENCE_DPI
        least = LIGHT.type.base_points * _REFERENCE_DPI / 72
        if self._points is not None:
            font.setPointSizeF(self._points)
        elif QFontInfo(font).pixelSize() < least - 0.5:
            font.setPointSizeF(LIGHT.type.base_points * _REFERENCE_DPI / dpi)
        app.setFont(font)
        points = font.pointSizeF()
        pixels = points * dpi / 72 if points > 0 else float(font.pixelSize())
        self._factor = pixels / least

    def _dress(self, app: QApplication) -> None:
        app.setPalette(_palette(self._tokens))
        sheet = stylesheet.build(self._tokens, self.px, mono_font().family(), self._write_images())
        if sheet != app.styleSheet():
            app.setStyleSheet(sheet)

    def _write_images(self) -> dict[str, str]:
        """Write the few pictures that a style sheet can only take from files; return their paths."""
        if self._images is None:
            self._images = scratch_folder("theme")
        t = self._tokens
        wanted = {
            "check": ("check", t.on_accent),
            "dash": ("minus", t.on_accent),
            "down": ("chevron-down", t.muted),
            "up": ("chevron-up", t.muted),
            "right": ("chevron-right", t.muted),
        }
        paths = {}
        for key, (name, color) in wanted.items():
            path = Path(self._images.name) / f"{t.name}-{key}.svg"
            if not path.exists():
                path.write_text(svg(name, color), encoding="utf-8")
            paths[key] = path.as_posix()
        return paths

    def icon(self, name: str, role: str = "text") -> QIcon:
        """Return an icon in the colour of a token as it is now; `bind_icon` follows the theme.

        Raises:
            KeyError: there is no icon of this name, or no colour of this role.
        """
        key = (name, role, self._tokens.name, self._factor)
        if key not in self._icons:
            size = self.px(self._tokens.space.icon)
            color, disabled = self._tokens.color(role), self._tokens.muted
            self._icons[key] = icons.build(name, color, disabled, (size, 2 * size))
        return self._icons[key]

    def bind_icon(self, target: QObject, name: str, role: str = "text") -> None:
        """Give a button or an action an icon that follows the theme as long as the target lives.

        Args:
            target: anything with Qt's ``setIcon``.
            name: the icon.
            role: name of the colour's token.
        """
        self._icon_users[target] = (name, role)
        _give_icon(target, self.icon(name, role))


def _give_icon(target: QObject, icon: QIcon) -> None:
    taker: _TakesIcon = target  # type: ignore[assignment]  # QObject has no common base for setIcon
    try:
        taker.setIcon(icon)
    except RuntimeError:
        return  # Qt deleted the widget, Python still holds its shell


@lru_cache(maxsize=1)
def manager() -> ThemeManager:
    """Return the one manager of this process."""
    return ThemeManager()


def mono_font(scale: float = 1.0) -> QFont:
    """Return the monospace font for shapes and formulas, as large as the interface font times `scale`."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setFamily(QFontInfo(font).family())
    return _sized(font, scale)


def ui_font(scale: float = 1.0, weight: int = 400) -> QFont:
    """Return the interface font times `scale` (see `TypeScale`) in a weight of 100 to 900."""
    font = _sized(QFont(QApplication.font()), scale)
    font.setWeight(QFont.Weight(weight))
    return font


def _sized(font: QFont, scale: float) -> QFont:
    base = QApplication.font()
    if base.pointSizeF() > 0:
        font.setPointSizeF(base.pointSizeF() * scale)
    else:
        font.setPixelSize(max(1, round(base.pixelSize() * scale)))
    return font


def set_role(widget: QWidget, role: str) -> None:
    """Give a widget one of the looks of the style sheet (``primary``, ``muted``, ``caption``...)."""
    set_style_property(widget, "role", role)


def set_style_property(widget: QWidget, name: str, value: object) -> None:
    """Set a dynamic property that the style sheet reads, and have the widget styled anew if it changed."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    style = widget.style()
    style.unpolish(widget)
    style.polish(widget)


def _palette(t: Tokens) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    colors = {
        role.Window: t.panel,
        role.WindowText: t.text,
        role.Base: t.field,
        role.AlternateBase: t.panel,
        role.Text: t.text,
        role.PlaceholderText: t.muted,
        role.Button: t.card,
        role.ButtonText: t.text,
        role.BrightText: t.error,
        role.ToolTipBase: t.card,
        role.ToolTipText: t.text,
        role.Highlight: t.accent,
        role.HighlightedText: t.on_accent,
        role.Accent: t.accent,
        role.Link: t.accent,
        role.LinkVisited: t.accent,
        role.Light: t.hover,
        role.Midlight: t.line,
        role.Mid: t.line,
        role.Dark: t.muted,
        role.Shadow: t.line,
    }
    for key, color in colors.items():
        palette.setColor(key, QColor(color))
    for key in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, key, QColor(t.muted))
    return palette
