"""The toolbar: what the project is called, the most used actions, and what computes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from cnn_studio.ui import theme
from cnn_studio.ui.actions import Actions

_TITLE_WIDTH = 190


class MainToolBar(QToolBar):
    """Title, edit actions, run actions and the device chip."""

    def __init__(self, actions: Actions) -> None:
        super().__init__("Main")
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._title = QLabel()
        theme.set_role(self._title, "strong")
        self._title.setFixedWidth(theme.px(_TITLE_WIDTH))  # the buttons must not move when the title changes
        self.addWidget(self._title)
        self.addSeparator()
        for name in ("undo", "redo"):
            self.addWidget(actions.tool_button(name, with_text=False))
        arrange = actions.tool_button("arrange")
        arrange.setMenu(actions.ways)
        arrange.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.addWidget(arrange)
        self.addWidget(actions.tool_button("fit"))
        self.addSeparator()
        self.addWidget(actions.tool_button("train", role="primary"))
        for name, more in (("pause", ("step",)), ("stop", ("discard", "forget_waiting"))):
            button = actions.tool_button(name)
            menu = QMenu(button)
            menu.setToolTipsVisible(True)
            menu.addActions([actions.all[entry] for entry in more])
            button.setMenu(menu)
            button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
            self.addWidget(button)
        self.addSeparator()
        self.addWidget(actions.tool_button("transfer"))
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(spacer)
        self._device = QLabel()
        self._device.setToolTip("What computes: a GPU if PyTorch finds one, else the processor")
        theme.set_role(self._device, "muted")
        self.addWidget(self._device)
        self.show_device("loading PyTorch")

    def show_title(self, text: str) -> None:
        """Show what is open."""
        metrics = self._title.fontMetrics()
        self._title.setText(metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, self._title.width()))
        self._title.setToolTip(text)

    @property
    def device_text(self) -> str:
        """What computes, as it was shown last."""
        return self._device.text().removeprefix("● ")

    def show_device(self, text: str) -> None:
        """Show what computes, such as ``CPU · 2 threads``."""
        self._device.setText(f"● {text}")
