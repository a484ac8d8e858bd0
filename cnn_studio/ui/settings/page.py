"""What the pages of the settings have in common: a column of sections, and changes that are saved at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from cnn_studio.app.preferences import Preferences, save_preferences
from cnn_studio.ui import theme
from cnn_studio.ui.wizard.page import text_label


@dataclass(frozen=True, slots=True)
class SettingsContext:
    """What pages read and change.

    Attributes:
        preferences: of the window; changed in place.
        actions: of the window by name, for what its menus switch too.
        set_theme: shows a theme and remembers it.
        set_animated: lets the canvas move smoothly or jump.
        device: tells what computes, in words; nothing while that is not known.
    """

    preferences: Preferences
    actions: Mapping[str, QAction]
    set_theme: Callable[[theme.Mode], None]
    set_animated: Callable[[bool], None]
    device: Callable[[], str]

    def change(self, **values: object) -> None:
        """Change preferences and save them."""
        for name, value in values.items():
            setattr(self.preferences, name, value)
        save_preferences(self.preferences)


class SettingsPage(QWidget):
    """One page; it fills `body` in its constructor.

    Attributes:
        title: a word or two for the list.
        icon: name of its picture in the list.
        body: the column that a page fills.
    """

    title = ""
    icon = ""

    def __init__(self, context: SettingsContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, 0, theme.px(theme.current().space.s), 0)
        self.body.setSpacing(theme.px(theme.current().space.m))

    def enter(self) -> None:
        """Bring what may have changed elsewhere up to date; called each time the page comes into view."""

    def section(self, title: str, *parts: QWidget, about: str = "") -> None:
        """Add widgets under a heading, with a sentence below it."""
        self.body.addWidget(text_label(title, "strong"))
        if about:
            self.body.addWidget(text_label(about, "muted"))
        for part in parts:
            self.body.addWidget(part)
        self.body.addSpacing(theme.px(theme.current().space.s))


def action_check(action: QAction, text: str) -> QCheckBox:
    """Return a check box that does what an action of the menus does, and follows it."""
    box = QCheckBox(text)
    box.setChecked(action.isChecked())
    box.setToolTip(action.toolTip())
    box.toggled.connect(action.setChecked)
    action.toggled.connect(box.setChecked)
    return box


def facts(*rows: tuple[str, QWidget]) -> QWidget:
    """Return rows of a muted name and a widget."""
    made = QWidget()
    grid = QGridLayout(made)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(theme.px(theme.current().space.l))
    grid.setVerticalSpacing(theme.px(theme.current().space.s))
    grid.setColumnStretch(1, 1)
    for number, (name, widget) in enumerate(rows):
        label = QLabel(name)
        theme.set_role(label, "muted")
        label.setBuddy(widget)
        grid.addWidget(label, number, 0, Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(widget, number, 1)
    return made
