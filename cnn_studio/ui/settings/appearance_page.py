"""How the window looks: its theme, movement on the canvas, the map."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QButtonGroup, QCheckBox, QRadioButton, QWidget

from cnn_studio.ui import theme
from cnn_studio.ui.settings.page import SettingsContext, SettingsPage, action_check

_THEMES: tuple[tuple[theme.Mode, str], ...] = (
    ("system", "As the system"),
    ("light", "Light"),
    ("dark", "Dark"),
)


class AppearancePage(SettingsPage):
    """Theme, movement and map."""

    title = "Appearance"
    icon = "image"

    def __init__(self, context: SettingsContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.themes: dict[theme.Mode, QRadioButton] = {}
        group = QButtonGroup(self)
        for mode, text in _THEMES:
            button = self.themes[mode] = QRadioButton(text)
            group.addButton(button)
            button.toggled.connect(partial(self._choose, mode))
        self.section("Theme", *self.themes.values())
        self.animate = QCheckBox("Move smoothly")
        self.animate.setToolTip("The view glides, and a wire opens a gap for a layer; without it they jump")
        self.animate.setChecked(context.preferences.animate)
        self.animate.toggled.connect(self._set_animated)
        self.map = action_check(
            context.actions["minimap"], "Show a map while the network is larger than the view"
        )
        self.section("Canvas", self.animate, self.map)
        self.body.addStretch(1)
        theme.manager().changed.connect(self.enter)
        self.enter()

    def enter(self) -> None:
        """Show the theme of now, which the menu can change too."""
        button = self.themes[theme.manager().mode]
        if not button.isChecked():
            button.setChecked(True)

    def _choose(self, mode: theme.Mode, is_on: bool) -> None:
        if is_on and mode != theme.manager().mode:
            self.context.set_theme(mode)

    def _set_animated(self, is_on: bool) -> None:
        self.context.change(animate=is_on)
        self.context.set_animated(is_on)
